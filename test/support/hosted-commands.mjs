// Runs command lines of the built program in one process, one after the other or side by side; see command-host.ts.
import { createRequire } from 'node:module';

const { runCommandLine } = createRequire(import.meta.url)(process.argv[2]);

process.on('message', ({ id, args }) => {
  const text = { stdout: '', stderr: '' };
  const streams = { out: (part) => (text.stdout += part), talk: (part) => (text.stderr += part) };
  runCommandLine(args, streams).then(
    (code) => process.send({ id, code, ...text }),
    // as a process of its own would end
    (error) => process.send({ id, code: 1, ...text, stderr: `${text.stderr}${error?.stack ?? error}\n` }),
  );
});
process.on('disconnect', () => process.exit());
