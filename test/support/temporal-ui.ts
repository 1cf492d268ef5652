import type { Locator, Page } from 'playwright-core';

/** What an operator does in Temporal's web UI, as functions. Its pages poll for ever, so nothing waits for a quiet network. */

/** Fills in the *Start Workflow* form and follows the link of the run it started. */
export async function startInUi(
  page: Page,
  uiUrl: string,
  form: { taskQueue: string; workflowType: string; workflowId: string; input: string },
): Promise<void> {
  const { input, ...fields } = form;
  const address = `${uiUrl}/namespaces/default/workflows/start-workflow?${new URLSearchParams(fields).toString()}`;
  await page.goto(address, { waitUntil: 'domcontentloaded' });
  await fillJson(page.locator('body'), input);
  // the editor reformats its text when it is left, which moves the button: leave it before the click
  await page.getByLabel('Workflow ID').click();
  await page.getByRole('button', { name: 'Start Workflow' }).click();
  await page.getByRole('link', { name: 'Workflow started successfully' }).click();
  await page.getByText('Event History').first().waitFor();
}

/** Opens the tab with current details and refreshes it until `text` is there; returns all of it. */
export async function readDetails(page: Page, text: string): Promise<string> {
  await openTab(page, 'User Metadata');
  const details = page.frameLocator('iframe').locator('main');
  for (;;) {
    const shown = await details.innerText();
    if (shown.includes(text)) return shown;
    await page.keyboard.press('r');
    await page.waitForTimeout(300);
  }
}

/** The JSON that the details page offers to paste, as it stands there. */
export async function pasteable(page: Page): Promise<string[]> {
  return page.frameLocator('iframe').locator('pre').allInnerTexts();
}

async function openTab(page: Page, name: string): Promise<void> {
  await page.getByText(name, { exact: true }).first().click();
}

/** The result of a closed run, on its first page. */
export async function readResult(page: Page, text: string): Promise<string> {
  await openTab(page, 'Timeline');
  const editors = page.locator('main .cm-content');
  const result = editors.filter({ hasText: text }).first();
  await result.waitFor();
  return result.innerText();
}

/** The form behind More Actions → Send an Update. */
export async function openUpdateForm(page: Page): Promise<Locator> {
  await page.getByRole('button', { name: 'More Actions' }).click();
  await page.getByRole('menu', { name: 'Reset' }).getByText('Send an Update').click();
  return page.getByRole('dialog').filter({ hasText: 'Send an Update' });
}

/** Names and descriptions that the form lists; leaves the list open. */
export async function updatesOf(form: Locator): Promise<string> {
  await form.getByTestId('update-select-button').click();
  await form.getByRole('option').first().waitFor();
  return (await form.getByRole('option').allInnerTexts()).join('\n');
}

/** Chooses an update by name and submits `json` with it. */
export async function submitUpdate(form: Locator, name: string, json: string): Promise<void> {
  const option = form.getByRole('option', { name });
  if (!(await option.isVisible())) await form.getByTestId('update-select-button').click();
  await option.click();
  await fillJson(form, json);
  await form.getByTestId('update-id').click();
  await form.getByRole('button', { name: 'Submit' }).click();
}

/** Sends an update that is to be accepted: the form closes by itself then. */
export async function sendUpdate(page: Page, name: string, json: string): Promise<void> {
  const form = await openUpdateForm(page);
  await submitUpdate(form, name, json);
  await form.waitFor({ state: 'hidden' });
}

/** What the form says in red. */
export async function alertOf(form: Locator): Promise<string> {
  const alert = form.getByRole('alert').filter({ hasText: /\S/ });
  await alert.waitFor();
  return (await alert.innerText()).trim();
}

async function fillJson(within: Locator, json: string): Promise<void> {
  const editor = within.locator('.cm-content');
  await editor.click();
  await editor.press('ControlOrMeta+A');
  await within.page().keyboard.insertText(json);
}
