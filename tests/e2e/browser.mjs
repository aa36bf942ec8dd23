// What walks through pages share: a browser, steps that are told, checks that hold on every page.
// BANKEN_URL, BANKEN_NODE (folder with playwright-core and axe-core), BANKEN_CHROMIUM, BANKEN_OUT
// (folder of screenshots; none when empty), BANKEN_PASSWORD.
import { createRequire } from 'node:module';
import fs from 'node:fs';

export const base = process.env.BANKEN_URL, out = process.env.BANKEN_OUT, password = process.env.BANKEN_PASSWORD;
const require = createRequire(process.env.BANKEN_NODE + '/');
const { chromium } = require('playwright-core');
const axe = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const failures = [], foreign = [], complaints = [];
let browser;
export let page;

export function check(right, what) {
  console.log(`  ${right ? 'ok  ' : 'FAIL'}  ${what}`);
  if (!right) failures.push(what);
}

export async function step(what, fn) {
  try {
    await fn();
    check(true, what);
  } catch (e) {
    check(false, `${what}: ${String(e.message).split('\n').slice(0, 3).join(' ')}`);
    if (out) await page.screenshot({ path: `${out}/failed-${failures.length}.png` }).catch(() => {});
  }
}

export const button = (name, where = page) => where.getByRole('button', { name, exact: true });
export const dialog = () => page.locator('dialog[open]');

export async function go(path, title) {
  await page.goto(`${base}/#/${path}`);
  if (title) await page.getByRole('heading', { level: 1, name: title, exact: true }).waitFor();
}

/** Fills the reason of the open dialog, if it asks for one, and confirms. */
export async function confirm(name, reason) {
  if (reason) await dialog().getByLabel('Reason').fill(reason);
  await button(name, dialog()).click();
  await dialog().waitFor({ state: 'detached' });
}

/** The log-in's own fields: other pages have a "Name", too. */
export async function logIn(name, code) {
  const form = page.locator('main.log-in');
  await form.getByLabel('Name').fill(name);
  await form.getByLabel('Password').fill(password);
  await button('Log in', form).click();
  if (code) {
    await form.getByLabel('Code').fill(code);
    await button('Log in', form).click();
  }
  await page.locator('#main h1').waitFor();
}

export async function logOut() {
  await button('Log out').click();
  await page.locator('main.log-in').waitFor();
}

/** Asked again and again until it holds: the pages allow no eval, so nothing waits inside of them. */
export async function until(what, fn, seconds = 20) {
  for (const end = Date.now() + seconds * 1000; !(await fn()); await page.waitForTimeout(100))
    if (Date.now() > end) throw new Error(`${what} did not come within ${seconds} s`);
}

/** What the API answers to whoever is logged in. */
export async function asked(path) {
  return page.evaluate(async (p) => (await fetch('/api/v1/' + p)).json(), path);
}

export const loaded = () => until('the data', async () => !(await page.locator('.loading').count()), 60);

/** Sentences of three words and more without a Japanese character: on a Japanese page they are
 * forgotten ones, but for what people wrote, code, and names that others gave. */
async function englishSentences(written) {
  const found = await page.evaluate(() => {
    const list = [], walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let n = walk.nextNode(); n; n = walk.nextNode()) {
      const text = n.textContent.trim();
      if (!n.parentElement.closest('code, pre, textarea, script, style, [lang=en], .said') && /^[\x20-\x7e\u2026\u2013]+$/.test(text) && /[a-z]+ [a-z]+ [a-z]+/.test(text))
        list.push(text);
    }
    for (const x of document.querySelectorAll('[title], [aria-label], [placeholder]'))
      for (const name of ['title', 'aria-label', 'placeholder']) {
        const text = x.getAttribute(name) ?? '';
        if (/^[\x20-\x7e]+$/.test(text) && /[a-z]+ [a-z]+ [a-z]+/.test(text)) list.push(text);
      }
    return [...new Set(list)];
  });
  return found.filter((x) => !written.some((w) => w.test(x)));
}

export async function clean(what) {
  await page.evaluate(axe);
  const result = await page.evaluate(() => window.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'] }));
  const found = result.violations.map((v) => `${v.id} (${v.nodes.slice(0, 2).map((n) => n.target.join(' ') + ' ' + (n.any[0]?.message ?? '')).join('; ')})`);
  check(found.length === 0, `axe: ${what}${found.length ? ': ' + found.join(', ') : ''}`);
}

/** How the pages look from now on; the next load has it. */
export async function look(language, size, theme) {
  await page.setViewportSize(size === 'phone' ? { width: 390, height: 844 } : { width: 1280, height: 860 });
  await page.evaluate(([l, t]) => { localStorage.setItem('language', l); localStorage.setItem('theme', t); }, [language, theme]);
}

/** Every page of [path, name] in a language and a size; what is shown is looked at by people, too.
 * `written`: what may stand there in English on Japanese pages; without it nobody looks for that. */
export async function pictures(places, language, size, theme, written) {
  await look(language, size, theme);
  for (const [path, name] of places) {
    await page.goto(`${base}/?${language}${size}${name}#/${path}`);
    await page.locator('#main h1').waitFor();
    await page.waitForLoadState('load');
    await loaded();
    await page.waitForTimeout(60);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    check(wide <= 0, `${name} ${language} ${size}: nothing sticks out`);
    const raw = await page.evaluate(() => [...document.querySelectorAll('h1,h2,h3,th,dt,label,button,option,.badge')].map((x) => x.textContent.trim())
      .filter((x) => /^[a-z-]+\.[a-z-]+$/.test(x)));
    check(raw.length === 0, `${name} ${language}: every text is there${raw.length ? ': ' + raw : ''}`);
    if (language === 'ja' && written) {
      const english = await englishSentences(written);
      check(english.length === 0, `${name}: no English sentence on a Japanese page${english.length ? ': ' + english.slice(0, 6).join(' | ') : ''}`);
    }
    await clean(`${name} ${language} ${size} ${theme}`);
    if (out) await page.screenshot({ path: `${out}/${name}.${language}.${size}${theme === 'dark' ? '.dark' : ''}.png`, fullPage: true });
  }
}

/** Opens the log-in page in a new browser; what it loads is counted. `refused`: HTTP states that the
 * walk brings about on purpose. */
export async function begin(refused = '400|401|403') {
  browser = await chromium.launch({ executablePath: process.env.BANKEN_CHROMIUM, args: ['--no-sandbox', '--disable-gpu'] });
  const context = await browser.newContext({ ignoreHTTPSErrors: true, locale: 'en-GB', viewport: { width: 1280, height: 860 } });
  page = await context.newPage();
  page.setDefaultTimeout(20000);
  const sizes = [], mine = new RegExp(`status of (${refused}) `);
  let counting = true;
  page.on('request', (r) => { if (!r.url().startsWith(base) && !/^(data|blob):/.test(r.url())) foreign.push(r.url()); });
  // Other tests put network interfaces up and down on the same machine: the browser notices.
  const ours = (text) => !mine.test(text) && !text.includes('ERR_NETWORK_CHANGED');
  page.on('console', (m) => { if (m.type() === 'error' && ours(m.text())) complaints.push(m.text()); });
  page.on('pageerror', (e) => complaints.push(String(e)));
  page.on('requestfinished', (r) => counting && sizes.push(r.sizes().then((s) => s.responseBodySize, () => 1e6)));
  await page.goto(base + '/');
  await page.locator('main.log-in').getByLabel('Name').waitFor();
  await page.waitForLoadState('networkidle');
  counting = false;
  const bytes = (await Promise.all(sizes)).reduce((a, b) => a + b, 0);
  check(bytes > 10000 && bytes < 200000, `first load: ${bytes} bytes (under 200,000)`);
  await clean('log-in');
  if (out) await page.screenshot({ path: `${out}/log-in.en.desktop.png` });
}

/** Tells how it went and ends the program. */
export async function end() {
  check(foreign.length === 0, `no request leaves the site${foreign.length ? ': ' + foreign.slice(0, 3) : ''}`);
  check(complaints.length === 0, `the browser has nothing to complain of${complaints.length ? ': ' + [...new Set(complaints)].slice(0, 4).join(' | ') : ''}`);
  await browser.close();
  console.log(`${failures.length} of the walk's steps failed`);
  process.exit(failures.length ? 1 : 0);
}
