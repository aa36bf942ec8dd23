// What is shown stays true: the server says which parts changed, and whoever shows them asks anew.
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { get, Refusal, url } from './api';

type Listener = (parts: string[]) => void;
const listeners = new Set<Listener>();
let source: EventSource | null = null;
let connected = false, lost = false;

function tell(parts: string[]): void {
  for (const fn of listeners) fn(parts);
}

export function startLive(): void {
  if (source) return;
  source = new EventSource(url('events'));
  source.addEventListener('changed', (e) => tell(JSON.parse((e as MessageEvent).data)));
  source.onopen = () => {
    // What happened while nobody listened is not told again.
    if (!connected) tell(['*']);
    connected = true;
    lost = false;
    tell(['connection']);
  };
  source.onerror = () => {
    connected = false;
    lost = true;
    tell(['connection']);
  };
}

export function stopLive(): void {
  source?.close();
  source = null;
  connected = false;
  lost = false;
}

/** Also before the first answer: what is shown then is new. */
export const isConnected = (): boolean => !lost;

function useParts(parts: string[], fn: () => void): void {
  const last = useRef(fn);
  last.current = fn;
  useEffect(() => {
    const listener: Listener = (changed) => {
      if (changed.includes('*') || changed.some((p) => parts.includes(p))) last.current();
    };
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }, [parts.join()]);
}

export function useConnected(): boolean {
  const [now, set] = useState(isConnected());
  useParts(['connection'], () => set(isConnected()));
  return now;
}

export interface Loaded<T> {
  data?: T;
  error?: string;
  gone: boolean; // it is not there (404)
  again: () => void;
}

/** Asks for `path` and again whenever one of `parts` changed; null: not now. */
export function useApi<T>(path: string | null, ...parts: string[]): Loaded<T> {
  const [state, set] = useState<{ data?: T; error?: string; gone: boolean }>({ gone: false });
  const number = useRef(0);
  const again = useCallback(() => {
    if (path === null) return;
    const mine = ++number.current;
    get<T>(path).then(
      (data) => mine === number.current && set({ data, gone: false }),
      (e: Error) =>
        mine === number.current &&
        set((old) => ({
          data: old.data,
          error: e.message,
          gone: e instanceof Refusal && e.status === 404,
        })),
    );
  }, [path]);
  useEffect(() => {
    again();
    return () => void number.current++;
  }, [again]);
  useParts(parts, again);
  return { ...state, again };
}
