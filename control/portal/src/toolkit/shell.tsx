// Frame of every page: log-in, navigation, language, dark mode, connection, log-out.
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { get, send, setCsrf, whenLoggedOut, type Session } from './api';
import { currentLanguage, setLanguage, t, word, zoneName } from './i18n';
import { startLive, stopLive, useConnected } from './live';
import { href, useRoute } from './route';
import { Button, TextField, Toasts } from './ui';

export interface Place {
  path: string; // '' is the first page
  title: string; // a text's key
  icon: string; // a path in a 20 x 20 field
  may: number;
  group?: string; // a text's key: it stands in the list of pages under this heading
  count?: number; // beside its name: what waits there
  page: (rest: string[], session: Session) => ComponentChildren;
}

function applyTheme(theme: string): void {
  if (theme) document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
}

function Theme() {
  const [theme, set] = useState(localStorage.getItem('theme') ?? '');
  const dark = theme ? theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
  return (
    <button type="button" class="icon-button" aria-label={t(dark ? 'theme-light' : 'theme-dark')}
      title={t(dark ? 'theme-light' : 'theme-dark')}
      onClick={() => {
        const next = dark ? 'light' : 'dark';
        localStorage.setItem('theme', next);
        applyTheme(next);
        set(next);
      }}>
      <svg viewBox="0 0 20 20" aria-hidden="true"><path d={dark
        ? 'M10 2v2M10 16v2M2 10h2M16 10h2M4.3 4.3l1.4 1.4M14.3 14.3l1.4 1.4M4.3 15.7l1.4-1.4M14.3 5.7l1.4-1.4M13 10a3 3 0 1 1-6 0 3 3 0 0 1 6 0z'
        : 'M16.5 12.5A7 7 0 0 1 7.5 3.5a7 7 0 1 0 9 9z'} /></svg>
    </button>
  );
}

function Languages({ onChange }: { onChange: () => void }) {
  const other = currentLanguage() === 'en' ? 'ja' : 'en';
  return (
    <button type="button" class="icon-button text" lang={other}
      onClick={() => {
        setLanguage(other);
        onChange();
      }}>
      {other === 'ja' ? '日本語' : 'English'}
    </button>
  );
}

function LogIn({ onIn, onLanguage, product }: { onIn: (s: Session) => void; onLanguage: () => void; product: string }) {
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const [code, setCode] = useState('');
  const [needsCode, setNeedsCode] = useState(false);
  const [error, setError] = useState('');
  const [busy, setBusy] = useState(false);
  const act = async (e: Event) => {
    e.preventDefault();
    setBusy(true);
    setError('');
    try {
      onIn(await send<Session>('POST', 'session', { name, password, ...(code ? { code } : {}) }));
    } catch (x) {
      const text = (x as Error).message;
      // The server asks for the second factor only after the password was right.
      if (text.startsWith('code:')) setNeedsCode(true);
      else setError(text);
    }
    setBusy(false);
  };
  useEffect(() => {
    document.title = `${t('log-in')} – Banken`;
  });
  return (
    <main class="log-in">
      <form class="card" onSubmit={act}>
        <h1><Logo /> Banken</h1>
        <p class="faint">{product}</p>
        <TextField label={t('name')} value={name} onValue={setName} autocomplete="username" required autofocus
          autocapitalize="none" />
        <TextField label={t('password')} type="password" value={password} onValue={setPassword}
          autocomplete="current-password" required />
        {needsCode && (
          <TextField label={t('code')} help={t('code-help')} value={code} onValue={setCode} inputMode="numeric"
            autocomplete="one-time-code" pattern="[0-9]{6}" required autofocus />
        )}
        {error && <p class="note bad" role="alert">{error}</p>}
        <Button type="submit" kind="main" busy={busy}>{t('log-in')}</Button>
      </form>
      <div class="log-in-tools"><Languages onChange={onLanguage} /><Theme /></div>
    </main>
  );
}

export function Logo() {
  return (
    <svg class="logo" viewBox="0 0 32 32" aria-hidden="true">
      <path class="shield" d="M16 2 28 6v9c0 8-5 12.5-12 15C9 27.5 4 23 4 15V6z" />
      <path class="tick-mark" d="M10 16.5l4.2 4.2L22.5 12" />
    </svg>
  );
}

function Connection() {
  const connected = useConnected();
  const [late, setLate] = useState(false);
  useEffect(() => {
    setLate(false);
    if (connected) return;
    const timer = setTimeout(() => setLate(true), 3000);
    return () => clearTimeout(timer);
  }, [connected]);
  return late && !connected ? <p class="connection" role="status">{t('not-connected')}</p> : null;
}

/** Places in the order given, under the headings of their groups. */
function Places({ places, here }: { places: Place[]; here: Place }) {
  const groups: [string, Place[]][] = [];
  for (const p of places) {
    const last = groups[groups.length - 1];
    if (last && last[0] === (p.group ?? '')) last[1].push(p);
    else groups.push([p.group ?? '', [p]]);
  }
  return (
    <div class="places">
      {groups.map(([group, all]) => (
        <div>
          {group && <h2>{t(group)}</h2>}
          <ul>
            {all.map((p) => (
              <li>
                <a href={'#/' + p.path} aria-current={p === here ? 'page' : undefined}>
                  <svg viewBox="0 0 20 20" aria-hidden="true"><path d={p.icon} /></svg>
                  {t(p.title)}
                  {!!p.count && <span class="count">{p.count}</span>}
                </a>
              </li>
            ))}
          </ul>
        </div>
      ))}
    </div>
  );
}

interface Parts {
  places: (s: Session) => Place[]; // hooks may be used in it
  banner?: (s: Session) => ComponentChildren; // above each page
  tools?: (s: Session) => ComponentChildren; // in the head of each
}

function Frame({ session, places, onOut, onLanguage, banner, tools, product }: Parts & {
  session: Session; onOut: () => void; onLanguage: () => void; product: string;
}) {
  const [first = '', ...rest] = useRoute();
  const [open, setOpen] = useState(false);
  const all = places(session).filter((p) => (p.may & session.may) === p.may);
  const place = all.find((p) => p.path === first) ?? all[0];
  useEffect(() => setOpen(false), [first, rest.join()]);
  return (
    <>
      <a class="skip" href="#main" onClick={(e) => {
        e.preventDefault();
        document.getElementById('main')?.focus();
      }}>{t('skip')}</a>
      <header class="top">
        <button type="button" class="icon-button menu" aria-expanded={open} aria-controls="places"
          aria-label={t('menu')} onClick={() => setOpen(!open)}>
          <svg viewBox="0 0 20 20" aria-hidden="true"><path d="M3 5.5h14M3 10h14M3 14.5h14" /></svg>
        </button>
        <a class="brand" href="#/"><Logo /><b>Banken</b><span>{product}</span></a>
        <Connection />
        {tools?.(session)}
        <Languages onChange={onLanguage} />
        <Theme />
        <a class="who" href={href('account')}>
          <b>{session.name}</b><span>{word('role', session.role)}</span>
        </a>
        <Button kind="quiet" onClick={() => void send('DELETE', 'session').finally(() => {
          location.hash = '#/'; // who logs in next begins at the first page
          onOut();
        })}>{t('log-out')}</Button>
      </header>
      <nav id="places" class={open ? 'open' : ''} aria-label={t('places')}>
        <Places places={all.filter((p) => p.icon)} here={place} />
      </nav>
      <main id="main" tabIndex={-1}>
        {banner?.(session)}
        {place.page(rest, session)}
        <p class="zone">{t('times-in', { zone: zoneName() })}</p>
      </main>
      <Toasts />
    </>
  );
}

/** The whole portal. */
export function Portal(props: Parts & { product: () => string; onSession?: (s: Session) => void }) {
  const [session, set] = useState<Session | null | undefined>(undefined);
  const [, again] = useState(0);
  const onLanguage = () => again((n) => n + 1);
  const enter = (s: Session) => {
    setCsrf(s.csrf);
    props.onSession?.(s);
    startLive();
    set(s);
  };
  const leave = () => {
    stopLive();
    setCsrf('');
    set(null);
  };
  useEffect(() => {
    document.documentElement.lang = currentLanguage();
    whenLoggedOut(leave);
    get<Session>('session').then(enter, leave);
  }, []);
  if (session === undefined) return null;
  if (session === null) return <LogIn onIn={enter} onLanguage={onLanguage} product={props.product()} />;
  return <Frame session={session} places={props.places} banner={props.banner} tools={props.tools} product={props.product()}
    onOut={leave} onLanguage={onLanguage} />;
}

export function applyKeptTheme(): void {
  applyTheme(localStorage.getItem('theme') ?? '');
}
