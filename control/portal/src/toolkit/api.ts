// The HTTP API: one fetch, with the session's CSRF token where something is changed. A refusal is
// thrown with the server's sentence, which is made for people.

import { said } from './i18n';

export interface Session {
  name: string;
  role: string;
  may: number;
  second_factor: boolean;
  csrf: string;
  customer?: string; // the centre's: '' = of the vendor
}

// Rights as control/api/may.h numbers them.
export const SEE = 1, APPROVE = 2, ANALYSE = 4, CHANGE = 8, ADMIN = 16, ALL = 32;

export class Refusal extends Error {
  constructor(readonly status: number, message: string) {
    super(said(message));
  }
}

let csrf = '';
let onLoggedOut = () => {};

export function setCsrf(token: string): void {
  csrf = token;
}

export function whenLoggedOut(fn: () => void): void {
  onLoggedOut = fn;
}

export const url = (path: string): string => '/api/v1/' + path;

/** A part of a path: host names and commands may hold anything. */
export const part = encodeURIComponent;

/** "?a=1&b=2" of what is neither empty nor undefined. */
export function query(args: Record<string, string | number | boolean | undefined>): string {
  const q = new URLSearchParams();
  for (const [key, value] of Object.entries(args))
    if (value !== undefined && value !== '' && value !== false) q.set(key, String(value));
  const text = q.toString();
  return text ? '?' + text : '';
}

async function refusal(r: Response): Promise<Refusal> {
  const problem = await r.json().catch(() => null);
  return new Refusal(r.status, problem?.detail ?? `${r.status} ${r.statusText}`);
}

async function ask<T>(method: string, path: string, init: RequestInit): Promise<T> {
  const headers: Record<string, string> = { ...(init.headers as Record<string, string>) };
  if (method !== 'GET') headers['X-CSRF-Token'] = csrf;
  const r = await fetch(url(path), { ...init, method, headers, credentials: 'same-origin' });
  if (r.status === 401) onLoggedOut();
  if (!r.ok) throw await refusal(r);
  return (r.status === 204 ? undefined : await r.json()) as T;
}

export const get = <T>(path: string): Promise<T> => ask<T>('GET', path, {});

export function send<T = void>(method: string, path: string, body?: unknown): Promise<T> {
  if (body === undefined) return ask<T>(method, path, {});
  return ask<T>(method, path, {
    body: JSON.stringify(body),
    headers: { 'Content-Type': 'application/json' },
  });
}

/** A file as it is. */
export const upload = <T>(path: string, body: Blob | string): Promise<T> =>
  ask<T>('POST', path, { body, headers: { 'Content-Type': 'application/octet-stream' } });

/** What has to be made first: 503 with the seconds to wait, until it is there. */
export async function waitedFor(address: string): Promise<Blob> {
  for (let tries = 0; tries < 150; tries++) {
    const r = await fetch(address, { credentials: 'same-origin' });
    if (r.ok) return r.blob();
    if (r.status !== 503) throw await refusal(r);
    await new Promise((done) => setTimeout(done, 1000 * Number(r.headers.get('Retry-After') ?? 2)));
  }
  throw new Refusal(503, '…');
}

/** As a download. */
export function saveAs(blob: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
