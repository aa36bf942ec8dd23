// Where one is: "#/quarantine/mitigator-1-7.0" is ['quarantine', 'mitigator-1-7.0'].
import { useEffect, useState } from 'preact/hooks';

const read = (): string[] =>
  location.hash.replace(/^#\/?/, '').split('?')[0].split('/').filter(Boolean).map(decodeURIComponent);

export const href = (...parts: string[]): string => '#/' + parts.map(encodeURIComponent).join('/');

export function go(...parts: string[]): void {
  location.hash = href(...parts);
}

export function useRoute(): string[] {
  const [route, set] = useState(read());
  useEffect(() => {
    const changed = () => {
      set(read());
      window.scrollTo(0, 0);
    };
    addEventListener('hashchange', changed);
    return () => removeEventListener('hashchange', changed);
  }, []);
  return route;
}
