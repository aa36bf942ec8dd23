// Texts in English and Japanese: one catalogue a language, each with exactly the same keys (the
// compiler and tests/lint/portal.py see to it).
import { en as toolkitEn } from './text.en';
import { ja as toolkitJa } from './text.ja';

export type Language = 'en' | 'ja';
export type Catalogue = Record<string, string>;

const catalogues: Record<Language, Catalogue> = { en: { ...toolkitEn }, ja: { ...toolkitJa } };
let language: Language = first();

function first(): Language {
  const kept = localStorage.getItem('language');
  if (kept === 'en' || kept === 'ja') return kept;
  return navigator.language.startsWith('ja') ? 'ja' : 'en';
}

export function addTexts(en: Catalogue, ja: Catalogue): void {
  Object.assign(catalogues.en, en);
  Object.assign(catalogues.ja, ja);
}

export const currentLanguage = (): Language => language;

export function setLanguage(l: Language): void {
  language = l;
  localStorage.setItem('language', l);
  document.documentElement.lang = l;
}

/** The text of a key, with {name}s replaced. */
export function t(key: string, args: Record<string, string | number> = {}): string {
  const text = catalogues[language][key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => String(args[name] ?? whole));
}

let say = (sentence: string): string => sentence;

/** How sentences of the programs, which come in English, are said in the reader's language. */
export function sayWith(fn: (sentence: string) => string): void {
  say = fn;
}

export const said = (sentence: string): string => say(sentence);

/** A word of the program ("still-seen") as people say it; the word itself when it is new. */
export function word(kind: string, w: string): string {
  return catalogues[language][`${kind}.${w}`] ?? w;
}

const locale = (): string => (language === 'ja' ? 'ja-JP' : 'en-GB');

export const number = (n: number): string => new Intl.NumberFormat(locale()).format(n);

/** "10.6G" */
export const short = (n: number): string => new Intl.NumberFormat(locale(), { notation: 'compact', maximumFractionDigits: 1 }).format(n);

export const percent = (share: number): string =>
  new Intl.NumberFormat(locale(), { style: 'percent', maximumFractionDigits: 0 }).format(share);

// ---- times: in one zone on the whole page, which the page names ----

let zone = '';

/** "Asia/Tokyo"; '' or one that the browser does not know: its own. */
export function setZone(name: string): void {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name || undefined });
    zone = name;
  } catch {
    zone = '';
  }
}

/** "Asia/Tokyo (GMT+9)" */
export function zoneName(): string {
  const format = new Intl.DateTimeFormat('en', { timeZone: zone || undefined, timeZoneName: 'shortOffset' });
  const offset = format.formatToParts(new Date()).find((p) => p.type === 'timeZoneName')?.value ?? '';
  return `${format.resolvedOptions().timeZone} (${offset})`;
}

const inZone = (options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat =>
  new Intl.DateTimeFormat(locale(), { ...options, hourCycle: 'h23', timeZone: zone || undefined });

/** Nanoseconds since 1970. */
export const dateOf = (ns: number): Date => new Date(ns / 1e6);

/** Of an RFC 3339 time; 0 for none. */
export const nsOf = (time: string | null | undefined): number => (time ? (Date.parse(time) || 0) * 1e6 : 0);

export const moment = (ns: number): string => inZone({
  year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit',
}).format(dateOf(ns));

export const shortMoment = (ns: number): string =>
  inZone({ month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit' }).format(dateOf(ns));

export const shortDay = (ns: number): string => inZone({ month: 'short', day: 'numeric' }).format(dateOf(ns));

export const hourOf = (ns: number): number => Number(inZone({ hour: 'numeric' }).formatToParts(dateOf(ns)).find((p) => p.type === 'hour')?.value);

/** "2026-11-22" by the page's zone: how the API names days. */
export const dayOf = (ns: number): string =>
  new Intl.DateTimeFormat('sv-SE', { timeZone: zone || undefined }).format(dateOf(ns));

/** "2026-11-22" as people write it. */
export const dayText = (day: string): string =>
  new Intl.DateTimeFormat(locale(), { year: 'numeric', month: 'long', day: 'numeric', weekday: 'short', timeZone: 'UTC' }).format(new Date(day));

export const monthText = (month: string): string =>
  new Intl.DateTimeFormat(locale(), { year: 'numeric', month: 'long', timeZone: 'UTC' }).format(new Date(month + '-01'));

export function clock(ns: number): string {
  const today = dayOf(Date.now() * 1e6) === dayOf(ns);
  return inZone({
    ...(today ? {} : { month: 'short', day: 'numeric' }),
    hour: '2-digit', minute: '2-digit', second: today ? '2-digit' : undefined,
  }).format(dateOf(ns));
}

/** "3 h 20 min" */
export function duration(seconds: number): string {
  const units: [string, number][] = [['day', 86400], ['hour', 3600], ['minute', 60], ['second', 1]];
  const at = Math.max(0, units.findIndex(([, size]) => seconds >= size));
  const say = (unit: string, n: number) =>
    new Intl.NumberFormat(locale(), { style: 'unit', unit, unitDisplay: 'short', maximumFractionDigits: unit === 'second' && n < 10 ? 1 : 0 }).format(n);
  if (seconds < 60) return say('second', seconds);
  const [unit, size] = units[at], [small, smaller] = units[at + 1];
  const rest = Math.floor((seconds % size) / smaller);
  return say(unit, Math.floor(seconds / size)) + (rest ? ' ' + say(small, rest) : '');
}

export function ago(ns: number): string {
  const seconds = ns / 1e9 - Date.now() / 1000;
  const units: [Intl.RelativeTimeFormatUnit, number][] = [
    ['day', 86400], ['hour', 3600], ['minute', 60], ['second', 1],
  ];
  const [unit, size] = units.find(([, s]) => Math.abs(seconds) >= s) ?? ['second', 1];
  return new Intl.RelativeTimeFormat(locale(), { numeric: 'auto' }).format(
    Math.round(seconds / size), unit);
}
