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

/** A word of the program ("still-seen") as people say it; the word itself when it is new. */
export function word(kind: string, w: string): string {
  return catalogues[language][`${kind}.${w}`] ?? w;
}

const locale = (): string => (language === 'ja' ? 'ja-JP' : 'en-GB');

export const number = (n: number): string => new Intl.NumberFormat(locale()).format(n);

export const percent = (share: number): string =>
  new Intl.NumberFormat(locale(), { style: 'percent', maximumFractionDigits: 0 }).format(share);

/** Nanoseconds since 1970. */
export const dateOf = (ns: number): Date => new Date(ns / 1e6);

export function moment(ns: number): string {
  return new Intl.DateTimeFormat(locale(), {
    year: 'numeric', month: '2-digit', day: '2-digit',
    hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false,
  }).format(dateOf(ns));
}

export const shortMoment = (ns: number): string =>
  new Intl.DateTimeFormat(locale(), { month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', hour12: false }).format(dateOf(ns));

export function clock(ns: number): string {
  const today = new Date().toDateString() === dateOf(ns).toDateString();
  return new Intl.DateTimeFormat(locale(), {
    ...(today ? {} : { month: 'short', day: 'numeric' }),
    hour: '2-digit', minute: '2-digit', second: today ? '2-digit' : undefined, hour12: false,
  }).format(dateOf(ns));
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
