// Accounts (for administrators) and one's own account: password, second factor, tokens.
import { useState } from 'preact/hooks';
import { part, send, type Session } from './api';
import { t, word } from './i18n';
import { useApi } from './live';
import { Ask, Badge, Button, Card, Choice, Code, copyText, Facts, Page, say, Shown, Table, TextField, Time } from './ui';

interface Account {
  name: string;
  customer?: string;
  role: string;
  second_factor: boolean;
  disabled: boolean;
  created: number;
}

interface Token {
  number: number;
  label: string;
  role: string;
  created: number;
  expires: number;
  used: number;
}

/** Whose accounts may be: each with its name; undefined where there is one only. */
type Customers = { id: string; name: string }[] | undefined;

function AddAccount({ roles, customers, onDone }: { roles: string[]; customers: Customers; onDone: () => void }) {
  const [customer, setCustomer] = useState('');
  const [name, setName] = useState('');
  const [role, setRole] = useState(roles[0]);
  const [password, setPassword] = useState('');
  const [error, setError] = useState('');
  const act = async (e: Event) => {
    e.preventDefault();
    setError('');
    try {
      const whose = customers && !role.startsWith('vendor-') ? { customer } : {};
      await send('POST', 'accounts', { name, role, ...whose, new_password: password });
      say(t('account-added', { name }));
      setName('');
      setPassword('');
      onDone();
    } catch (x) {
      setError((x as Error).message);
    }
  };
  return (
    <Card title={t('account-add')}>
      <form class="row-form" onSubmit={act}>
        <TextField label={t('name')} value={name} onValue={setName} required autocomplete="off" pattern="[a-z0-9._@\-]+" />
        <Choice label={t('role')} value={role} onValue={setRole} options={roles.map((r) => [r, word('role', r)])} />
        {customers && !role.startsWith('vendor-') && (
          <Choice label={t('customer')} value={customer} onValue={setCustomer} options={[['', '–'], ...customers.map((c): [string, string] => [c.id, c.name])]} />
        )}
        <TextField label={t('first-password')} type="password" help={t('password-help')} value={password}
          onValue={setPassword} required minLength={12} autocomplete="new-password" />
        <Button type="submit" kind="main">{t('add')}</Button>
      </form>
      {error && <p class="note bad" role="alert">{error}</p>}
    </Card>
  );
}

function AccountTools({ account, roles, again }: { account: Account; roles: string[]; again: () => void }) {
  const [role, setRole] = useState(account.role);
  const path = `accounts/${part(account.name)}`;
  const change = (body: object) => (reason: string) => send('PATCH', path, { ...body, reason });
  return (
    <div class="actions tight">
      <Ask button={t('role')} kind="quiet" title={t('account-role', { name: account.name })} confirm={t('change')}
        onDo={change({ role })} done={again}>
        <Choice label={t('role')} value={role} onValue={setRole} options={roles.map((r) => [r, word('role', r)])} />
      </Ask>
      {account.second_factor && (
        <Ask button={t('reset-factor')} kind="quiet" title={t('reset-factor-of', { name: account.name })}
          confirm={t('reset-factor')} onDo={change({ reset_second_factor: true })} done={again} />
      )}
      <Ask button={t(account.disabled ? 'enable' : 'disable')} kind="quiet" confirm={t(account.disabled ? 'enable' : 'disable')}
        title={t(account.disabled ? 'enable-account' : 'disable-account', { name: account.name })}
        onDo={change({ disabled: !account.disabled })} done={again} />
      <Ask button={t('remove')} kind="quiet" danger title={t('remove-account', { name: account.name })} confirm={t('remove')}
        onDo={(reason) => send('DELETE', path, { reason })} done={again} />
    </div>
  );
}

export function Users({ roles, customers }: { roles: string[]; customers?: Customers }) {
  const accounts = useApi<{ accounts: Account[] }>('accounts', 'audit');
  return (
    <Page title={t('users')}>
      <Shown of={accounts}>
        {({ accounts: all }) => (
          <Card>
            <Table label={t('users')} rows={all} id={(a) => a.name} empty={t('none')}
              columns={[
                { title: t('name'), cell: (a) => <b>{a.name}</b> },
                ...(customers ? [{ title: t('customer'), cell: (a: Account) => a.role.startsWith('vendor-') ? <span class="faint">{t('vendor')}</span> : customers.find((c) => c.id === a.customer)?.name ?? a.customer }] : []),
                { title: t('role'), cell: (a) => word('role', a.role) },
                { title: t('second-factor'), cell: (a) => <Badge tone={a.second_factor ? 'good' : 'caution'}>{t(a.second_factor ? 'on' : 'off')}</Badge> },
                { title: t('state'), cell: (a) => a.disabled ? <Badge tone="danger">{t('disabled')}</Badge> : t('may-log-in') },
                { title: t('since'), cell: (a) => <Time ns={a.created} /> },
                { title: t('change'), wide: true, cell: (a) => <AccountTools key={a.name + a.role} account={a} roles={roles} again={accounts.again} /> },
              ]} />
          </Card>
        )}
      </Shown>
      <AddAccount roles={roles} customers={customers} onDone={accounts.again} />
    </Page>
  );
}

// ---- one's own ----

function Password() {
  const [old, setOld] = useState('');
  const [fresh, setFresh] = useState('');
  const [error, setError] = useState('');
  const act = async (e: Event) => {
    e.preventDefault();
    setError('');
    try {
      await send('POST', 'session/password', { password: old, new_password: fresh });
      say(t('password-changed'));
      setOld('');
      setFresh('');
    } catch (x) {
      setError((x as Error).message);
    }
  };
  return (
    <Card title={t('password')}>
      <form class="row-form" onSubmit={act}>
        <TextField label={t('present-password')} type="password" value={old} onValue={setOld} required autocomplete="current-password" />
        <TextField label={t('new-password')} type="password" help={t('password-help')} value={fresh} onValue={setFresh}
          required minLength={12} autocomplete="new-password" />
        <Button type="submit">{t('change')}</Button>
      </form>
      {error && <p class="note bad" role="alert">{error}</p>}
    </Card>
  );
}

function SecondFactor({ on: first }: { on: boolean }) {
  const [on, setOn] = useState(first);
  const [password, setPassword] = useState('');
  const [made, setMade] = useState<{ secret: string; uri: string } | null>(null);
  const [code, setCode] = useState('');
  const [error, setError] = useState('');
  const run = async (e: Event, fn: () => Promise<void>) => {
    e.preventDefault();
    setError('');
    try {
      await fn();
    } catch (x) {
      setError((x as Error).message);
    }
  };
  const begin = async () => {
    if (on) {
      await send('DELETE', 'session/second-factor', { password });
      setOn(false);
    } else {
      setMade(await send('POST', 'session/second-factor', { password }));
    }
    setPassword('');
  };
  const confirm = async () => {
    await send('POST', 'session/second-factor/confirm', { code });
    setOn(true);
    setMade(null);
    setCode('');
    say(t('factor-on'));
  };
  return (
    <Card title={t('second-factor')} tools={<Badge tone={on ? 'good' : 'caution'}>{t(on ? 'on' : 'off')}</Badge>}>
      <p class="faint">{t('factor-about')}</p>
      {!made && (
        <form class="row-form" onSubmit={(e) => void run(e, begin)}>
          <TextField label={t('present-password')} type="password" value={password} onValue={setPassword} required autocomplete="current-password" />
          <Button type="submit">{t(on ? 'factor-end' : 'factor-begin')}</Button>
        </form>
      )}
      {made && (
        <>
          <p>{t('factor-secret')}</p>
          <p><Code>{made.secret.replace(/(.{4})/g, '$1 ').trim()}</Code> <Button kind="quiet" onClick={() => copyText(made.secret)}>{t('copy')}</Button></p>
          <p><a href={made.uri}>{t('factor-open')}</a></p>
          <form class="row-form" onSubmit={(e) => void run(e, confirm)}>
            <TextField label={t('code')} help={t('code-help')} value={code} onValue={setCode} pattern="[0-9]{6}" inputMode="numeric" required autocomplete="one-time-code" />
            <Button type="submit" kind="main">{t('factor-confirm')}</Button>
          </form>
        </>
      )}
      {error && <p class="note bad" role="alert">{error}</p>}
    </Card>
  );
}

function Tokens({ roles, session }: { roles: string[]; session: Session }) {
  const tokens = useApi<{ tokens: Token[] }>('tokens');
  const [label, setLabel] = useState('');
  const [role, setRole] = useState(roles[0]);
  const [made, setMade] = useState('');
  const [error, setError] = useState('');
  const act = async (e: Event) => {
    e.preventDefault();
    setError('');
    try {
      setMade((await send<{ token: string }>('POST', 'tokens', { label, role })).token);
      setLabel('');
      tokens.again();
    } catch (x) {
      setError((x as Error).message);
    }
  };
  const most = roles.indexOf(session.role);
  return (
    <Card title={t('tokens')}>
      <p class="faint">{t('tokens-about')} <a href="/api/v1/openapi.json">OpenAPI</a></p>
      <form class="row-form" onSubmit={act}>
        <TextField label={t('token-for')} value={label} onValue={setLabel} required maxLength={64} />
        <Choice label={t('role')} value={role} onValue={setRole}
          options={roles.slice(0, most < 0 ? 1 : most + 1).map((r) => [r, word('role', r)])} />
        <Button type="submit">{t('token-make')}</Button>
      </form>
      {error && <p class="note bad" role="alert">{error}</p>}
      {made && <p class="note">{t('token-once')} <Code>{made}</Code> <Button kind="quiet" onClick={() => copyText(made)}>{t('copy')}</Button></p>}
      <Shown of={tokens}>
        {({ tokens: all }) => (
          <Table label={t('tokens')} rows={all} id={(x) => String(x.number)} empty={t('tokens-none')}
            columns={[
              { title: t('token-for'), cell: (x) => x.label },
              { title: t('role'), cell: (x) => word('role', x.role) },
              { title: t('used'), cell: (x) => <Time ns={x.used} /> },
              { title: t('expires'), cell: (x) => <Time ns={x.expires} exact /> },
              { title: '', cell: (x) => <Button kind="quiet" onClick={() => void send('DELETE', `tokens/${x.number}`).then(tokens.again, (e: Error) => say(e.message))}>{t('remove')}</Button> },
            ]} />
        )}
      </Shown>
    </Card>
  );
}

export function OwnAccount({ session, roles }: { session: Session; roles: string[] }) {
  return (
    <Page title={t('own-account')}>
      <Card><Facts of={[[t('name'), session.name], [t('role'), word('role', session.role)]]} /></Card>
      <Password />
      <SecondFactor on={session.second_factor} />
      <Tokens roles={roles} session={session} />
    </Page>
  );
}
