// Walks through the centre's pages in a real browser; started by tests/e2e/centre_pages over
// banken-centre --demo. Ends with 0 when every step held.
import fs from 'node:fs';
import { asked, base, begin, button, clean, confirm, dialog, end, go, loaded, logIn, logOut, look, out, page, pictures, step, until } from './browser.mjs';

const row = (text) => page.getByRole('row').filter({ hasText: text });
const card = (title) => page.locator('section.card').filter({ has: page.getByRole('heading', { level: 2, name: title, exact: true }) });
const table = (label) => page.getByRole('region', { name: label, exact: true });

async function shot(name) {
  if (out) await page.screenshot({ path: `${out}/${name}.en.desktop.png`, fullPage: true });
}

async function download(link, least) {
  const [file] = await Promise.all([page.waitForEvent('download'), link.click()]);
  const size = fs.statSync(await file.path()).size;
  if (size < least) throw new Error(`${file.suggestedFilename()} has ${size} bytes`);
  return fs.readFileSync(await file.path());
}

async function placesOf(vendor) {
  const cut = (await asked('quarantines?most=1')).quarantines[0].command_id;
  const incident = (await asked('incidents?most=1')).incidents[0];
  const d = (await asked('detections')).detections[0];
  const sensor = (await asked('sensors')).sensors.find((s) => s.role === 'sensor' && s.up).name;
  return [
    ['', 'overview'], ['?hours=720', 'overview-30-days'], ['emergencies', 'emergencies'], ['incidents', 'incidents'], [`incidents/${incident.id}`, 'incident'],
    ['quarantine', 'quarantine'], [`quarantine/${encodeURIComponent(cut)}`, 'cut'], ['hosts', 'hosts'], [`hosts/${incident.site}/${incident.host_id}`, 'host'],
    ['detections', 'detections'], [`detections/${d.gid}/${d.sid}`, 'detection'], ['reports', 'report-day'], ['reports?kind=monthly', 'report-month'],
    ...(vendor ? [['reports?kind=advisory', 'advisory'], ['customers', 'customers']] : [['users', 'users'], ['audit', 'audit']]), ['lists', 'lists'], ['sensors', 'sensors'], [`sensors/${sensor}`, 'sensor'], ['coverage', 'coverage'],
    ['fleet', 'fleet-boxes'], ['fleet/configurations', 'fleet-configurations'], ...(vendor ? [['fleet/rollouts', 'fleet-rollouts'], ['signatures', 'signatures'], ['signatures?tab=rule-sets', 'rule-sets'], ['signatures?tab=patterns', 'patterns']] : []),
    ['assessments', 'assessments'], ['mandates', 'mandates'], ['policies', 'policies'], ['policies/kobe-port', 'policy'], ['samples', 'samples'], ['account', 'account'],
  ];
}

async function asAnalyst() {
  await step('a wrong password is refused with a sentence', async () => {
    const form = page.locator('main.log-in');
    await form.getByLabel('Name').fill('analyst');
    await form.getByLabel('Password').fill('not the right one');
    await button('Log in', form).click();
    await page.getByText('name, password or code are not right').waitFor();
  });
  await step('the analyst logs in and sees every customer and site', async () => {
    await logIn('analyst');
    await page.getByRole('heading', { level: 1, name: 'Overview', exact: true }).waitFor();
    for (const name of ['青葉製作所', 'Minato Trading', '北総合病院']) await table('Customers').getByText(name).waitFor();
    await until('twelve lines', async () => (await page.locator('.lines .strip').count()) === 12);
    await page.getByText('A demonstration').waitFor();
  });
  await step('the time line is sorted and searched', async () => {
    await page.getByLabel('Sort by').first().selectOption('name');
    await page.getByLabel('Find a site').fill('kobe');
    await until('one line', async () => (await page.locator('.lines .strip').count()) === 1);
  });
  await step('one customer alone: its pages name no other', async () => {
    await page.getByLabel('Customer', { exact: true }).selectOption({ label: 'Minato Trading' });
    await page.getByRole('heading', { level: 1, name: 'Minato Trading' }).waitFor();
    await go('quarantine', 'Quarantine');
    await row('tokyo-head-office').first().waitFor();
    if (await page.locator('main').getByText('sendai-plant').count()) throw new Error('another customer is shown');
    await page.getByLabel('Customer', { exact: true }).selectOption('');
  });
  await step('incidents are filtered and sorted; the address keeps it', async () => {
    await go('incidents', 'Incidents');
    await page.getByLabel('Search').fill('pc-account-11');
    await until('the one', async () => (await table('Incidents').locator('tbody tr').count()) === 1);
    await page.reload();
    await until('the one still', async () => (await table('Incidents').locator('tbody tr').count()) === 1);
    await page.getByLabel('Search').fill('');
    await table('Incidents').getByRole('button', { name: 'Began' }).click();
    await page.locator('th[aria-sort=descending]').waitFor();
  });
  await step('several incidents are judged at once', async () => {
    await go('incidents', 'Incidents');
    for (const name of ['pc-sales-14', 'meeting-room-4']) await row(name).getByRole('checkbox').check();
    await button('Give 2 a verdict').click();
    await dialog().getByLabel('Verdict').selectOption('unclear');
    await dialog().getByLabel('Why', { exact: true }).fill('looked at together');
    await clean('verdicts dialog');
    await confirm('Save the verdict');
    await row('meeting-room-4').getByText('unclear').waitFor();
  });
  await step('an incident: root cause, steps, what to do', async () => {
    await go('incidents/demo-now-5', 'Infected by a document, calls home');
    await page.getByText('invoice.docm').first().waitFor();
    await card('What happened').getByText('command and control').waitFor();
    await card('What to do, in order').getByText('Change the passwords').waitFor();
  });
  await step('... gets a verdict and a note', async () => {
    await button('Give a verdict').click();
    await dialog().getByLabel('Verdict').selectOption('true-positive');
    await dialog().getByLabel('Why', { exact: true }).fill('the program is known to us');
    await clean('verdict dialog');
    await confirm('Save the verdict');
    await card('Notes and verdicts').getByText('the program is known to us').waitFor();
    await page.getByLabel('New note').fill('the customer has the machine now');
    await button('Add the note').click();
    await card('Notes and verdicts').getByText('the customer has the machine now').waitFor();
  });
  await step('an analyst may order no cut', async () => {
    await go('quarantine', 'Quarantine');
    await row('pc-account-11').first().waitFor();
    if (await button('Approve').count()) throw new Error('an analyst sees the button');
  });
  await step('a host: its identity over time, incidents, cuts, alerts', async () => {
    await go('hosts/sendai-plant/demo-now-5', 'pc-account-11');
    await card('Incidents').getByText('Infected by a document').first().waitFor();
    await card('Identity and where it is known from').locator('tbody tr').first().waitFor();
    await card('Alerts').getByText('BANKEN regular calls home').first().waitFor();
  });
  await step('an emergency is acknowledged', async () => {
    await go('emergencies', 'Emergencies');
    const first = page.locator('.emergencies > li').first();
    await first.waitFor();
    if ((await page.locator('.emergencies > li').count()) < 2) throw new Error('the demonstration has too few');
    await button('Acknowledge', first).click();
    await dialog().waitFor();
    await clean('acknowledge dialog');
    await confirm('Acknowledge');
    await button(/^Acknowledged/).click();
    await page.getByText('Acknowledged by analyst,').first().waitFor();
  });
  await step('an advisory is written; its versions stay', async () => {
    await go('reports?kind=advisory', 'Reports');
    await page.locator('main').getByLabel('Customer', { exact: true }).selectOption({ label: '青葉製作所' });
    await page.getByLabel('In English').fill('Switch off macros for documents from the Internet.');
    await page.getByLabel('In Japanese').fill('インターネットから取得した文書のマクロを無効にしてください。');
    await button('Save as a new version').click();
    await card('Versions').getByText('Version 2').waitFor();
    await card('Versions').getByText('Version 1').waitFor();
    await shot('advisory-written');
    await go('reports?kind=monthly', 'Reports');
    await card('Advisory').getByText('Switch off macros for documents').waitFor();
    await page.locator('main').getByLabel('Customer', { exact: true }).selectOption('');
  });
  await step('a month is read, and fetched as files in both languages', async () => {
    await go('reports?kind=monthly', 'Reports');
    await card('Alerts by day').locator('svg').waitFor();
    await card('ATT&CK techniques seen').getByText('T1071.004').first().waitFor();
    const en = await download(page.getByRole('link', { name: 'HTML' }), 5000);
    await page.getByLabel('Language of files').selectOption('ja');
    const ja = await download(page.getByRole('link', { name: 'HTML' }), 5000);
    if (en.equals(ja) || !ja.toString().includes('検')) throw new Error('both files are in one language');
    JSON.parse(await download(page.getByRole('link', { name: 'JSON' }), 2000));
    await download(page.getByRole('link', { name: 'CSV' }), 200);
  });
  await step('what a site offers goes on the list of the fleet', async () => {
    await go('lists', 'Known-bad list');
    await table('Offered by sites').getByLabel(/invoice-update/).check();
    await button('Accept 1').click();
    await clean('accept dialog');
    await confirm('Accept', 'seen at two sites');
    await table('The fleet\'s list').getByText('invoice-update.example').waitFor();
    await table('Offered by sites').getByRole('row').filter({ hasText: 'invoice-update' }).getByText('accepted').waitFor();
    if (await button('Sign the list').count()) throw new Error('an analyst may sign');
  });
  await step('coverage: the networks that nobody sees come first', async () => {
    await go('coverage', 'Coverage');
    await table('Networks').locator('tbody tr').first().getByText('10.20.40.0/24').waitFor();
    await card('Sites that nobody watches now').getByText('east-clinic').waitFor();
    await table('Networks').locator('tbody tr').first().getByRole('link', { name: 'Hosts' }).click();
    await until('its hosts', async () => (await table('Hosts').locator('tbody tr').count()) === 14);
  });
  await step('sensors: the silent one and the half mirror port come first', async () => {
    await go('sensors', 'Sensors');
    await table('Sensors').locator('tbody tr').first().getByText('sensor-east-clinic').waitFor();
    await row('sensor-kobe-port').getByText('Only one direction of VLAN 20').waitFor();
    await button(/^With trouble/).click();
    await until('two', async () => (await table('Sensors').locator('tbody tr').count()) === 2);
  });
}

/** What the walk itself, and the demonstration's people, wrote; rules of others; commands. */
const WRITTEN = [/^our own scanner|^an old scanner|^old printers|^called the user|^the program is known|^the customer has|^looked at together|^seen at|^for everybody|^as it was agreed|^to find why|^monthly signatures|^wiped and|^cleaned and|^more at once|^to make a|^to see the/, /^(ET|GPL) [A-Z]/,
  /^(Malicious document|Scan of web server|Coin mining pool|Remote control software|Outdated TLS)/, /^banken /];

async function asApprover() {
  await step("a customer's approver sees only their own", async () => {
    await logIn('approver@aoba');
    await page.getByText('In this order; the button leads').waitFor();
    for (const path of ['overview', 'quarantines?most=500', 'hosts?most=500', 'sensors', 'emergencies', 'detections'])
      if (/kobe-port|main-hospital|tokyo-head-office/.test(JSON.stringify(await asked(path)))) throw new Error(`${path} tells of others`);
    if (await page.getByRole('link', { name: 'Customers' }).count()) throw new Error('customers are linked');
  });
  await step('... and is led from the first page to the cut that waits', async () => {
    await page.getByRole('listitem').filter({ hasText: 'A cut waits for approval' }).getByRole('link', { name: 'Decide' }).click();
    await page.getByRole('heading', { level: 1, name: 'Cut of pc-account-11' }).waitFor();
    await page.getByText('A person must say yes or no.').waitFor();
  });
  await step('approves it by keyboard; the page says what the site answers, without being asked', async () => {
    await press(button('Approve'));
    await dialog().waitFor();
    await clean('approve dialog');
    await reasonAndEnter('called the user, it is not hers');
    await page.getByText('Proven on the wire').waitFor();
    await page.getByText('approval: done').waitFor();
    await page.getByText('approver@aoba: called the user, it is not hers').waitFor();
    await shot('cut-approved');
  });
  await step('releases another from the list; the order stands below', async () => {
    await go('quarantine', 'Quarantine');
    await button('Release', table('Quarantine').getByRole('row').filter({ hasText: 'line-7-panel' })).click();
    await confirm('Release', 'cleaned and checked');
    await until('the release', async () => (await asked('quarantines')).quarantines.some((c) => c.host === 'line-7-panel' && c.state === 'released'));
    await table('Orders to sites').getByText('cleaned and checked').waitFor();
  });
}

// ---- by keyboard alone, as wide as a phone ----

async function tabTo(target, most = 200) {
  const wanted = await target.first().elementHandle();
  for (let n = 0; n < most; n++) {
    if (await wanted.evaluate((x) => x === document.activeElement)) return;
    await page.keyboard.press('Tab');
  }
  throw new Error('Tab does not lead there');
}

async function press(target) {
  await tabTo(target);
  await page.keyboard.press('Enter');
}

/** A reason, and Enter: the dialog is done. */
async function reasonAndEnter(text) {
  await tabTo(dialog().getByLabel('Reason'));
  await page.keyboard.type(text);
  await page.keyboard.press('Enter');
  await dialog().waitFor({ state: 'detached' });
}

async function byKeyboard() {
  await step('by keyboard on a phone: from the first page to an emergency, acknowledged', async () => {
    await logIn('administrator@kita');
    await look('en', 'phone', 'light');
    await go('', '');
    const before = (await asked('emergencies')).emergencies.filter((e) => !e.acknowledged).length;
    await press(page.getByRole('listitem').getByRole('link', { name: 'Acknowledge' }));
    await page.getByRole('heading', { level: 1, name: 'Emergencies', exact: true }).waitFor();
    await loaded();
    await press(button('Acknowledge', page.locator('.emergencies > li').first()));
    await press(button('Acknowledge', dialog()));
    await until('one fewer', async () => (await asked('emergencies')).emergencies.filter((e) => !e.acknowledged).length === before - 1);
  });
  await step('... a host released', async () => {
    await go('quarantine', 'Quarantine');
    await loaded();
    await press(button('Release', row('nurse-station-6')));
    await reasonAndEnter('wiped and set up anew');
    await until('the release', async () => (await asked('quarantines')).quarantines.some((c) => c.host === 'nurse-station-6' && c.state === 'released'));
  });
  await step('... a rule tuned, seeing what that takes away', async () => {
    await go('detections', 'Detections');
    await loaded();
    await press(button('Tune', row('Outdated TLS version offered')));
    await dialog().getByText(/It would have removed [1-9]/).waitFor();
    await reasonAndEnter('an old scanner, known to us');
    await table('Exceptions asked for from here').getByText('an old scanner, known to us').waitFor();
  });
  await step("... today's report read, and fetched", async () => {
    await go('reports', 'Reports');
    await loaded();
    await card('Hosts that need action').waitFor();
    await tabTo(page.getByRole('link', { name: 'HTML' }));
    const [file] = await Promise.all([page.waitForEvent('download'), page.keyboard.press('Enter')]);
    if (fs.statSync(await file.path()).size < 3000) throw new Error('the report is empty');
  });
  await look('en', 'desktop', 'light');
  await page.reload();
}

async function asAdministrator() {
  await step('the administrator undoes a false positive, seeing what the exception removes', async () => {
    await logIn('administrator@minato');
    await go('quarantine', 'Quarantine');
    await table('Quarantine').getByRole('row').filter({ hasText: 'reception-2' }).getByRole('link', { name: /Passwords tried/ }).click();
    await button('False positive').click();
    await dialog().getByText(/It would have removed [1-9]\d* of the [\d,]+ alerts of the last 30 days/).waitFor();
    await shot('false-positive');
    await clean('exception dialog');
    await dialog().getByLabel('Effect').selectOption('block');
    await confirm('Make the exception', 'our own scanner');
    await until('the release', async () => (await asked('quarantines')).quarantines.some((c) => c.host === 'reception-2' && c.state === 'released'));
  });
  await step('tunes a rule in one step, with its 30-day preview', async () => {
    await go('detections', 'Detections');
    await button('Tune', row('Outdated TLS version offered').first()).click();
    await dialog().getByText(/It would have removed [1-9]/).waitFor();
    await dialog().getByLabel('Site').selectOption('kobe-port');
    await confirm('Make the exception', 'old printers, replaced in spring');
    await table('Exceptions asked for from here').getByText('old printers, replaced in spring').waitFor();
    await table('Exceptions asked for from here').getByText('our own scanner').waitFor();
  });
  await step('sets the mandate of a site', async () => {
    await go('mandates', 'Mandate');
    await button('Change', card('kobe-port')).click();
    await dialog().getByLabel('Hosts at once').fill('7');
    await clean('mandate dialog');
    await confirm('Save', 'more at once while we are away');
    await card('kobe-port').getByText('7', { exact: true }).waitFor();
  });
  await step('a sample is asked for, of types that may leave', async () => {
    await go('samples', 'Samples');
    await button('Ask for a sample', row('pc-sales-14')).click();
    await dialog().getByLabel('dll').uncheck();
    await clean('sample dialog');
    await confirm('Ask for a sample', 'to make a pattern of it');
    await table('Asked for from here').getByText('to make a pattern of it').waitFor();
    await table('Asked for from here').getByText('exe, js').waitFor();
  });
  await step('a policy is tried at the site before it is put in force', async () => {
    await go('policies/kobe-port', 'Policy of kobe-port');
    await page.getByLabel('Policy of kobe-port').fill('name: stricter\ncontrol: true\ncut: false\n');
    if (await button('Put in force').isEnabled()) throw new Error('in force without a try');
    await button('Try at the site').click();
    await confirm('Try at the site', 'less of it');
    await table('What it would have done').getByText('deny').first().waitFor();
    await shot('policy-tried');
    await button('Put in force').click();
    await confirm('Put in force', 'less of it');
    await table('Changes asked for from here').getByText('less of it').first().waitFor();
  });
  await step("reads today's report and fetches it", async () => {
    await go('reports', 'Reports');
    await page.locator('main b').filter({ hasText: 'so far today' }).waitFor();
    await card('Hosts that need action').getByText('pc-sales-14').first().waitFor();
    await download(page.getByRole('link', { name: 'HTML' }), 2000);
  });
  await step('adds somebody who is told of emergencies', async () => {
    await go('emergencies', 'Emergencies');
    await card('Who is told').getByLabel('Address').fill('night@minato.example');
    await button('Add', card('Who is told')).click();
    await table('Who is told').getByText('night@minato.example').waitFor();
  });
  await step('adds a viewer of the own customer', async () => {
    await go('users', 'Users');
    await card('Add a user').getByLabel('Name').fill('mori');
    await card('Add a user').getByLabel('First password').fill('a-long-enough-one');
    await button('Add', card('Add a user')).click();
    await page.getByText('mori may log in now.').waitFor();
  });
  await step('the audit has it, with the reasons', async () => {
    await go('audit', 'Audit log');
    for (const text of ['our own scanner', 'old printers, replaced in spring', 'recipient set']) await page.getByText(text).first().waitFor();
    if (await page.getByText('called the user, it is not hers').count()) throw new Error("another customer's lines are shown");
  });
  await step('by keyboard alone: into the content, to a page, to a sorted table', async () => {
    await page.reload();
    await page.locator('#main h1').waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    if (!(await page.evaluate(() => document.activeElement.id === 'main'))) throw new Error('the skip link leads nowhere');
    await page.getByRole('link', { name: 'Hosts', exact: true }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Hosts', exact: true }).waitFor();
    await loaded();
    await table('Hosts').getByRole('button', { name: 'Alerts' }).focus();
    await page.keyboard.press('Enter');
    await page.locator('th[aria-sort=descending]').waitFor();
  });
}

async function asVendor() {
  await step('packets of an alert are asked for, checked, and taken with their proof', async () => {
    await logIn('administrator');
    await go('incidents/demo-now-5', 'Infected by a document, calls home');
    await button('Ask for the packets').click();
    await clean('packets dialog');
    await confirm('Ask for the packets', 'to see the first call');
    const packets = await download(card('Evidence').getByRole('link', { name: /^Packets/ }).first(), 200);
    if (packets.readUInt32BE(0) !== 0x0a0d0d0a) throw new Error('no pcapng');
    const tar = await download(card('Evidence').getByRole('link', { name: 'With the proof (tar)' }).first(), 2000);
    for (const name of ['evidence.json', 'chain.log', 'README.txt', '"chain_tip"']) if (!tar.includes(name)) throw new Error(`${name} is not in it`);
  });
  await step('a text of messages is previewed with its tokens, and kept', async () => {
    await go('messages', 'Message texts');
    await button('Begin with an example').click();
    await page.locator('.preview pre').getByText('感染').first().waitFor();
    await page.getByLabel('Text', { exact: true }).fill('{{title}} at {{nowhere}}');
    await page.locator('.preview').getByText('is no token').waitFor();
    await button('Begin with an example').count();
    await page.getByLabel('Text', { exact: true }).fill('{{title}}: {{link}}');
    await page.locator('.preview pre').getByText('#/emergencies').waitFor();
    await button('Save').click();
    await table('Texts of your own').getByText('{{title}}: {{link}}').waitFor();
    await clean('message texts');
    await shot('messages');
  });
  await step('an assessment begins, and ends with the words that wipe', async () => {
    await go('assessments', 'Assessments');
    await button('Begin an assessment').click();
    await dialog().getByLabel('Customer').selectOption('kita');
    await clean('assessment dialog');
    await confirm('Begin an assessment');
    await row('北総合病院').getByText('under way').waitFor();
    await shot('assessments');
    await button('End it now').click();
    await confirm('End it now');
    await row('北総合病院').getByText('ending').waitFor();
  });
  await step('the vendor signs the list and rolls it out from there', async () => {
    await go('lists', 'Known-bad list');
    await button('Sign the list').click();
    await confirm('Sign the list', 'for everybody');
    await button('Roll out fleet-list-1').click();
    await dialog().getByLabel('Watch each ring for').selectOption('0');
    await clean('roll-out dialog');
    await confirm('Start', 'for everybody');
    await row('fleet-list-1').getByText('running').waitFor();
  });
  await step('rules are switched off for a customer, seeing what that takes away', async () => {
    await go('signatures?tab=rule-sets', 'Signatures');
    await page.getByLabel('Scope').selectOption('customer:minato');
    await page.getByLabel('Switch off').fill('2100002');
    if (await button('Make and sign').isEnabled()) throw new Error('made without having looked');
    await button('Preview').click();
    await table('Rules that change').getByRole('row').filter({ hasText: 'Outdated TLS' }).getByText('off', { exact: true }).waitFor();
    await shot('rule-set-preview');
    await button('Make and sign').click();
    await confirm('Make and sign', 'old printers at minato');
    await page.getByText('customer-minato-1 is made and signed.').waitFor();
  });
  await step('a custom pattern: what would not load is told, then it is made', async () => {
    await go('signatures?tab=patterns', 'Signatures');
    await page.getByLabel('Name').fill('dropper');
    await page.getByLabel('Rules', { exact: true }).fill('alert http any any -> any any (msg:"dropper"; nonsense; sid:9200001; rev:1;)');
    await button('Check').click();
    await page.getByText('nonsense: there is no such keyword').waitFor();
    await page.getByLabel('Rules', { exact: true }).fill('alert http any any -> any any (msg:"dropper"; content:"wicked-gate-77"; sid:9200001; rev:1;)');
    await button('Check').click();
    await page.getByText('1 rules load, 0 are refused').waitFor();
    await button('Make and sign the pattern').click();
    await confirm('Make and sign the pattern', 'seen at aoba');
    await page.getByText('dropper-1 is made and signed.').waitFor();
  });
  await step('a signature bundle is rolled out in rings ...', async () => {
    await go('signatures', 'Signatures');
    await button('Roll out', row('signatures-2')).click();
    await dialog().getByLabel('Watch each ring for').selectOption('0');
    await confirm('Start', 'monthly signatures');
    await row('signatures-2').getByText('done').waitFor({ timeout: 60000 });
    await button('Boxes', row('signatures-2')).click();
    await table('Roll out signatures-2').getByText('in force').first().waitFor();
    await shot('roll-out-done');
  });
  await step('... and rolled back', async () => {
    await button('Roll back', row('signatures-2')).click();
    await confirm('Roll back', 'too many alerts');
    await row('signatures-2').getByText('taken back').waitFor({ timeout: 60000 });
  });
  await step('a configuration is reviewed by a second person', async () => {
    await go('fleet/configurations', 'Fleet');
    await button('Approve', row('kobe-port')).click();
    await dialog().getByText('debug').waitFor();
    await confirm('Approve');
    await row('kobe-port').getByText('approved').waitFor();
  });
  await step('a report as PDF', async () => {
    await go('reports', 'Reports');
    await page.locator('main').getByLabel('Customer', { exact: true }).selectOption({ label: 'Minato Trading' });
    const [file] = await Promise.all([page.waitForEvent('download', { timeout: 240000 }), button('PDF').click()]);
    if (!fs.readFileSync(await file.path()).subarray(0, 5).equals(Buffer.from('%PDF-'))) throw new Error('no PDF');
    await page.locator('main').getByLabel('Customer', { exact: true }).selectOption('');
  });
  await step('the audit log, signed', async () => {
    await go('audit', 'Audit log');
    await page.getByText('list signed').first().waitFor();
    const tar = await download(page.getByRole('link', { name: 'Download, signed' }), 5000);
    for (const name of ['audit.jsonl', 'audit.jsonl.sig', 'centre.pem', 'old printers at minato']) if (!tar.includes(name)) throw new Error(`${name} is not in it`);
  });
}

/** Live: what one does, another sees without asking. */
async function live() {
  await step("what another does is seen at once, and only by those whom it concerns", async () => {
    await go('emergencies', 'Emergencies');
    await page.locator('.emergencies > li').first().waitFor();
    const before = await page.locator('.emergencies > li').count();
    const id = (await asked('emergencies')).emergencies.find((e) => !e.acknowledged).id;
    const other = await page.context().browser().newContext();
    const logged = await other.request.post(`${base}/api/v1/session`, { data: { name: 'approver@minato', password: process.env.BANKEN_PASSWORD } });
    const { csrf } = await logged.json();
    const done = await other.request.post(`${base}/api/v1/emergencies/${id}/acknowledge`, { headers: { 'X-CSRF-Token': csrf }, data: {} });
    if (!done.ok()) throw new Error(`refused: ${done.status()} ${await done.text()}`);
    await until('one fewer', async () => (await page.locator('.emergencies > li').count()) === before - 1);
    await other.close();
  });
}

async function walk() {
  await begin('400|401|403|404|503');
  await asAnalyst();
  const vendor = await placesOf(true);
  await pictures(vendor, 'ja', 'desktop', 'light', WRITTEN);
  if (out) {
    await pictures(vendor, 'en', 'desktop', 'light');
    await pictures(vendor, 'en', 'desktop', 'dark');
    await pictures(vendor, 'en', 'phone', 'light');
  }
  await look('en', 'desktop', 'light');
  await page.reload();
  await logOut();
  await asApprover();
  await logOut();
  await byKeyboard();
  await logOut();
  await asAdministrator();
  await live();
  await pictures(await placesOf(false), 'en', 'phone', 'dark');
  if (out) await pictures(await placesOf(false), 'ja', 'phone', 'dark', WRITTEN);
  await look('en', 'desktop', 'light');
  await page.reload();
  await logOut();
  await asVendor();
  await end();
}

await walk();
