/** `control` runs workflows and everything light; `copy` runs what moves or reads whole tables, in fixed slots. */
export const taskQueues = { control: 'rowproof', copy: 'rowproof-copy' } as const;
