import { transforms } from './registry';

/** The reference of the built-in transforms as Markdown, one section each: the generated part of docs/transforms.md. */
export function describeTransforms(): string {
  const sections = [...transforms.values()].map(({ name, description, inputs, reason }) => {
    const facts = [
      ...(inputs === 'many' ? ['Takes several columns; only as the first step.'] : []),
      reason === null ? 'Never fails.' : `Reason of a bad row: \`${reason}\`.`,
    ];
    return `### ${name}\n\n${description}\n\n${facts.join(' ')}\n`;
  });
  return sections.join('\n');
}
