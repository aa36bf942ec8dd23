// Walks through the site's pages in a real browser as people do; started by tests/e2e/pages.
// BANKEN_URL, BANKEN_NODE (folder with playwright-core and axe-core), BANKEN_OUT (screenshots, may be
// empty), BANKEN_CLIENT (address of the infected machine). Ends with 0 when every step held.
import { createHmac } from 'node:crypto';
import fs from 'node:fs';
import { asked, base, begin, button, clean, confirm, dialog, end, go, logIn, logOut, look, out, page, password, pictures, step, until } from './browser.mjs';

const client = process.env.BANKEN_CLIENT;

function totp(secret, after = 0) {
  let bits = '';
  for (const c of secret.replace(/\s/g, '')) bits += 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0');
  const key = Buffer.from(bits.match(/.{8}/g).map((b) => parseInt(b, 2)));
  const count = Buffer.alloc(8);
  count.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30000) + after));
  const mac = createHmac('sha1', key).update(count).digest();
  const at = mac[19] & 15;
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 1000000).padStart(6, '0');
}

const inState = (state, path = 'quarantines') => async () => (await asked(path)).quarantines.some((c) => c.ip === client && c.state === state);

const places = [['', 'overview'], ['quarantine', 'quarantine'], ['CUT', 'cut'], ['incidents', 'incidents'], ['INCIDENT', 'incident'],
  ['hosts', 'hosts'], ['HOST', 'host'], ['exceptions', 'exceptions'], ['policies', 'policies'], ['sensors', 'sensors'],
  ['report', 'report'], ['audit', 'audit'], ['users', 'users'], ['account', 'account']];

async function pathOf(place) {
  if (place === 'CUT') return 'quarantine/' + encodeURIComponent((await asked('quarantines')).quarantines[0].command_id);
  if (place === 'INCIDENT') return 'incidents/' + (await asked('incidents')).incidents[0].id;
  if (place === 'HOST') return 'hosts/' + encodeURIComponent(client);
  return place;
}

const allPlaces = async () => Promise.all(places.map(async ([place, name]) => [await pathOf(place), name]));

async function walk() {
  await begin();
  await step('a wrong password is refused with a sentence', async () => {
    await page.getByLabel('Name').fill('kato');
    await page.getByLabel('Password').fill('not the right one');
    await button('Log in').click();
    await page.getByText('name, password or code are not right').waitFor();
  });
  await step('log in', () => logIn('kato'));

  let secret;
  await step('second factor on', async () => {
    await go('account', 'My account');
    const card = page.locator('.card', { hasText: 'authenticator app gives' });
    await card.getByLabel('Present password').fill(password);
    await button('Switch it on', card).click();
    secret = (await card.locator('code').first().textContent()).replace(/\s/g, '');
    await card.getByLabel('Code').fill(totp(secret));
    await button('Confirm', card).click();
    await page.getByText('The second factor is on.').waitFor();
  });
  await step('log out, and in again with a code', async () => {
    await logOut();
    await logIn('kato', totp(secret, 1));
  });

  await step('approve the cut that waits; live until it is verified on the wire', async () => {
    await go('', 'Overview');
    await page.getByText('It waits for a yes or no').waitFor();
    if (out) await page.screenshot({ path: `${out}/overview-held.en.desktop.png`, fullPage: true });
    await button('Approve').first().click();
    await dialog().waitFor();
    if (out) await page.screenshot({ path: `${out}/approve.en.desktop.png` });
    await clean('approve dialog');
    await confirm('Approve', 'it calls home, seen by Kato');
    await page.getByText('cut, verified').first().waitFor({ timeout: 30000 });
  });
  await step('the cut tells its life: who, when, why', async () => {
    await page.goto(`${base}/#/${await pathOf('CUT')}`);
    await page.getByText('Proven on the wire').waitFor();
    await page.getByText('it calls home, seen by Kato').first().waitFor();
    await page.getByText('kato (pages)').first().waitFor();
  });
  const all = await allPlaces();
  await pictures(all, 'en', 'desktop', 'light');
  await pictures(all, 'ja', 'phone', 'dark');
  if (out) {
    await pictures(all, 'ja', 'desktop', 'light');
    await pictures(all, 'en', 'phone', 'light');
    await pictures(all, 'en', 'desktop', 'dark');
  }
  await look('en', 'desktop', 'light');
  await page.reload();

  await step('release it from the list', async () => {
    await go('quarantine', 'Quarantine');
    await page.getByRole('row', { name: new RegExp(client.replaceAll('.', '\\.')) }).getByRole('button', { name: 'Release' }).click();
    await confirm('Release', 'cleaned, checked by Kato');
    await until('the release', inState('released'));
  });
  await step('undo a false positive: exception with preview', async () => {
    // The machine goes on; it is held again. A person says that this is no threat.
    await until('a new question', inState('held', 'quarantines?open=true'), 60);
    const cut = (await asked('quarantines?open=true')).quarantines.find((c) => c.ip === client);
    await go('quarantine/' + encodeURIComponent(cut.command_id));
    await button('False positive').click();
    await dialog().getByText(/It would have removed [1-9]/).waitFor();
    if (out) await page.screenshot({ path: `${out}/false-positive.en.desktop.png` });
    await clean('exception dialog');
    await dialog().getByLabel('Effect').selectOption('block');
    await confirm('Make the exception', 'the backup agent, says Sato');
    await go('exceptions', 'Exceptions');
    await page.getByText('the backup agent, says Sato').waitFor();
    const state = (await asked('quarantines')).quarantines.find((c) => c.command_id.split('.')[0] === cut.command_id.split('.')[0]).state;
    if (state !== 'refused') throw new Error(`the cut is ${state}`);
  });
  await step('the exception is ended', async () => {
    await button('End').first().click();
    await confirm('End', 'it was one after all');
    await page.getByText('There is no exception.').waitFor();
  });

  await step('throw the kill switch', async () => {
    await go('', 'Overview');
    await button('Throw the kill switch').click();
    await confirm('Throw the kill switch', 'planned scan tonight');
    await page.getByText('The kill switch stands').waitFor();
    if ((await asked('status')).kill_switch !== true) throw new Error('the mitigator does not know');
  });
  await step('... which every page says', async () => {
    await go('hosts', 'Hosts');
    await page.getByText('The kill switch stands').waitFor();
    if (out) await page.screenshot({ path: `${out}/stopped.en.desktop.png` });
    await clean('stopped');
  });
  await step('and take it back', async () => {
    await button('Let automatic cuts go on').click();
    await confirm('Let automatic cuts go on', 'the scan is over');
    await page.getByText('The kill switch stands').waitFor({ state: 'detached' });
  });
  await step('a scope gets another mode', async () => {
    await go('policies', 'Policies');
    await button('Change').first().click();
    await dialog().getByLabel('Mode').selectOption('monitor');
    await confirm('Change', 'back to watching');
    await page.getByText('Set by kato (pages): back to watching').waitFor();
  });
  await step('a policy is checked and tried on recorded judgements', async () => {
    await button('What would it have done?').click();
    await page.getByText(/judgements of .* hosts/).waitFor();
    await page.locator('textarea').fill('name: [');
    await button('Check').click();
    await page.locator('.note.bad').waitFor();
  });
  await step('an edited policy is put in force, with what is said against it, and taken back', async () => {
    const before = await asked('policy');
    const text = before.policy.replace(/^name: .*$/m, 'name: edited by Kato') + 'exceptions: [{never: alert, reason: at last}]\n';
    await page.locator('textarea').fill(text.replace(/^exceptions: .*\n(?=[^]*^exceptions)/m, ''));
    await button('Put in force').click();
    await dialog().getByText('covers everything').waitFor();
    if (out) await page.screenshot({ path: `${out}/policy-put.en.desktop.png` });
    await clean('policy dialog');
    await confirm('Put in force', 'tried on last week by Kato');
    await page.getByText('edited here', { exact: true }).waitFor();
    await until('the edited policy', async () => (await asked('policy')).name === 'edited by Kato');
    await page.getByText('tried on last week by Kato').waitFor();
    if (out) await pictures([['policies', 'policies-edited']], 'ja', 'phone', 'light');
    if (out) await pictures([['policies', 'policies-edited']], 'ja', 'desktop', 'light');
    await look('en', 'desktop', 'light');
    await page.reload();
    await button('Back to the policy file').click();
    await confirm('Back to the policy file', 'enough tried');
    await until('the file', async () => (await asked('policy')).version === before.version);
  });
  await step("read the day's report", async () => {
    await go('report', 'Daily report');
    await page.getByText(client).first().waitFor();
    await page.getByText('Hosts that need action').waitFor();
    const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'As a file' }).click()]);
    if (fs.statSync(await file.path()).size < 2000) throw new Error('the file is empty');
  });
  await step('the audit has all of it, unbroken', async () => {
    await go('audit', 'Audit log');
    await button('Verify the chain').click();
    await page.getByText(/All \d+ lines are as they were written/).waitFor();
    for (const text of ['planned scan tonight', 'the backup agent, says Sato', 'cleaned, checked by Kato']) await page.getByText(text).first().waitFor();
  });
  await step('add a viewer, who may change nothing', async () => {
    await go('users', 'Users');
    await page.getByLabel('Name').fill('mori');
    await page.getByLabel('First password').fill(password);
    await button('Add').click();
    await page.getByText('mori may log in now.').waitFor();
    await logOut();
    await logIn('mori');
    await go('quarantine', 'Quarantine');
    if (await button('Cut a host').count()) throw new Error('a viewer sees the button');
    if (await page.getByRole('link', { name: 'Users' }).count()) throw new Error('a viewer sees the users');
  });
  await step('by keyboard alone: into the content, to a page', async () => {
    await page.reload();
    await page.locator('main h1').waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    if (!(await page.evaluate(() => document.activeElement.id === 'main'))) throw new Error('the skip link leads nowhere');
    await page.getByRole('link', { name: 'Hosts', exact: true }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Hosts' }).waitFor();
  });
  await end();
}

await walk();
