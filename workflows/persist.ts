import { continueAsNew, isCancellation, setCurrentDetails, sleep } from '@temporalio/workflow';
import { persistInput } from '../src/contract/batch-copy';
import { sentenceOf } from '../src/progress/failure-sentence';
import { sameWarnings } from '../src/progress/follow-steps';
import { codeOf } from './runtime/failure-kind';
import { historyIsLong } from './runtime/history-length';
import { parseInput, plainFailure } from './runtime/input';
import { doOnce, backoffMs } from './runtime/persistent-work';
import { reportToRoot } from './runtime/report-to-root';

/**
 * Does one thing until it works: the first try was the root's. A failure whose sentence is another one is told to the root, one that stays
 * ends it. No messages; continues as new at about 2,000 events, so that the root's history does not grow with the days it takes.
 */
export async function persist(raw: unknown): Promise<unknown> {
  const example = { ref: {}, parent: 'crm-3', work: 'openTarget', what: 'It failed', final: [], tries: 1, shown: '' };
  const input = parseInput(persistInput, raw, 'persist', example);
  let { tries, shown } = input;
  for (;;) {
    await sleep(backoffMs(tries));
    try {
      return await doOnce(input.ref, input.work);
    } catch (error) {
      if (isCancellation(error)) throw error;
      const code = codeOf(error);
      if (code !== null && input.final.includes(code)) throw plainFailure(code, sentenceOf(error));
      tries += 1;
      const sentence = `${input.what}: ${sentenceOf(error)} It is retried.`;
      if (!sameWarnings(shown, sentence)) await reportToRoot(input.parent, { trying: (shown = sentence) });
      setCurrentDetails(sentence);
    }
    if (historyIsLong()) await continueAsNew<typeof persist>({ ...input, tries, shown });
  }
}
