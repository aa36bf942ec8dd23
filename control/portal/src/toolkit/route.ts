// Where one is: "#/quarantine/mitigator-1-7.0?site=osaka" is ['quarantine', 'mitigator-1-7.0'] with
// the argument "site".
import { useEffect, useState } from 'preact/hooks';

const halves = (): [string, string] => {
  const [path, args = ''] = location.hash.replace(/^#\/?/, '').split('?');
  return [path, args];
};

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

const read = (): string[] => halves()[0].split('/').filter(Boolean).map(decoded);

export const href = (...parts: string[]): string => '#/' + parts.map(encodeURIComponent).join('/');

export function go(...parts: string[]): void {
  location.hash = href(...parts);
}

export function useRoute(): string[] {
  const [route, set] = useState(read());
  useEffect(() => {
    const changed = () => {
      const next = read();
      set((old) => {
        if (old.join('/') !== next.join('/')) window.scrollTo(0, 0);
        return next;
      });
    };
    addEventListener('hashchange', changed);
    return () => removeEventListener('hashchange', changed);
  }, []);
  return route;
}

/** An argument of the address: kept when the page is loaded again, sent on with a link to it. */
export function useArg(name: string, first = ''): [string, (value: string) => void] {
  const now = () => new URLSearchParams(halves()[1]).get(name) ?? first;
  const [value, setValue] = useState(now);
  useEffect(() => {
    const changed = () => setValue(now());
    addEventListener('hashchange', changed);
    return () => removeEventListener('hashchange', changed);
  }, [name]);
  const set = (v: string) => {
    const [path, text] = halves();
    const args = new URLSearchParams(text);
    if (v === first) args.delete(name);
    else args.set(name, v);
    const all = args.toString();
    history.replaceState(null, '', `#/${path}${all ? '?' + all : ''}`);
    setValue(v);
  };
  return [value, set];
}
