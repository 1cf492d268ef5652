import { quoted } from '../progress/commands';

/** Commands that take a run, up to the end of the line, a backtick or a remark. */
const ofRuns =
  /\browproof (?:run|status|watch|pause|resume|approve|cutover|decide|resolve|abort|rollback|finish|quarantine|report) [^`\n#\u001b]*[^`\n#\u001b\s]/g;

/** A text whose commands name the plan by which their run was found; without one they stay as they are. */
export function namingPlan(text: string, plan: string | null): string {
  if (plan === null) return text;
  return text.replace(ofRuns, (command) => {
    const named = / --(?:plan|resume) /.test(command) || /^rowproof run \S*[/.]/.test(command);
    return named ? command : `${command} --plan ${quoted(plan)}`;
  });
}
