/**
 * Paths first: jest takes every operand after `--selectProjects` for the name of a project, and with an unknown one it runs the
 * whole project. `projects` are the names there are.
 */
export function pathsFirst(args, projects) {
  const paths = [];
  const others = [];
  let names = false;
  for (const arg of args) {
    if (arg.startsWith('-')) names = /^--(select|ignore)Projects(=|$)/.test(arg);
    if (names && !arg.startsWith('-') && !projects.includes(arg)) paths.push(arg);
    else others.push(arg);
  }
  return [...paths, ...others];
}
