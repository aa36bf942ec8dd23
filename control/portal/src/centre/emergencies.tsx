// What could not wait: who was told and when, who took it on; and who is told of the next one.
import { useState } from 'preact/hooks';
import { ADMIN, part, send, type Session } from '../toolkit/api';
import { nsOf, number, t, word } from '../toolkit/i18n';
import { useApi } from '../toolkit/live';
import { href, useArg } from '../toolkit/route';
import { Ask, At, Badge, Button, Card, Choice, Empty, Page, say, Shown, Table, Tabs, TextField, type Tone } from '../toolkit/ui';
import { may } from '../parts/words';
import { sentence } from '../parts/sentences';
import { threatName } from '../parts/threats';
import type { Delivery, Emergency, Recipient } from './data';
import { allCustomers, chosenCustomer, customerName, isMixed, isVendor, scoped } from './scope';
import { mayMore, say2, SiteChoice, Where } from './shared';

const kindTones: Record<string, Tone> = { incident: 'danger', cut: 'warning', silent: 'warning', test: 'info' };

function Messages({ e, of }: { e: Emergency; of: Delivery[] }) {
  const all = e.messages_sent + e.messages_waiting, sent = e.messages_sent;
  const failed = of.filter((m) => !m.sent && m.error).length;
  if (all === 0) return <span class="faint">{t('nobody-told')}</span>;
  return (
    <details>
      <summary>{t('told', { sent: number(sent), all: number(all) })}{failed > 0 && <> <Badge tone="danger">{t('failed-n', { n: failed })}</Badge></>}</summary>
      <ul class="plain-list">
        {of.map((m) => (
          <li>
            <b class="address">{m.address || t('somebody')}</b> {m.sent ? <At time={m.sent} exact /> : <Badge tone={m.error ? 'danger' : 'info'}>{t(m.error ? 'not-delivered' : 'to-be-sent')}</Badge>}
            {m.wave > 0 && <span class="faint"> {t('wave', { n: m.wave + 1 })}</span>}
            {m.error && <p class="faint">{sentence(m.error)} ({t('tries', { n: m.tries })})</p>}
          </li>
        ))}
      </ul>
    </details>
  );
}

function One({ e, messages, session, again }: { e: Emergency; messages: Delivery[]; session: Session; again: () => void }) {
  return (
    <li class={e.acknowledged ? 'over' : kindTones[e.kind]}>
      <div>
        <p class="step-head"><Badge tone={e.acknowledged ? 'plain' : kindTones[e.kind]}>{word('emergency', e.kind)}</Badge> <At time={e.opened} exact />
          {e.site && <Where customer={e.customer} site={e.site} />}</p>
        <b>{threatName(say2(e.title))}</b>
        <p class="told">{say2(e.text).split('\n').map(threatName).join('\n')}</p>
        {e.host && e.site && <p><a href={href('hosts', e.site, e.host)}>{e.host}</a></p>}
        {e.acknowledged && <p class="faint">{t('acknowledged-by', { name: e.by })} <At time={e.acknowledged} exact /></p>}
        <Messages e={e} of={messages} />
      </div>
      {!e.acknowledged && mayMore(session) && (
        <Ask button={t('acknowledge')} kind="main" title={t('acknowledge-this')} confirm={t('acknowledge')} reasonless
          onDo={() => send('POST', `emergencies/${part(String(e.id))}/acknowledge`, {})}
          done={() => {
            say(t('acknowledged'));
            again();
          }}>
          <p><b>{threatName(say2(e.title))}</b></p>
          <p>{t('acknowledge-about')}</p>
        </Ask>
      )}
    </li>
  );
}

/** One person takes on all that are open in the scope. */
function TakeAll({ rows, again }: { rows: Emergency[]; again: () => void }) {
  const act = async () => {
    for (const e of rows) await send('POST', `emergencies/${e.id}/acknowledge`, {});
  };
  return (
    <div class="actions">
      <Ask button={t('acknowledge-all', { n: number(rows.length) })} title={t('acknowledge-all', { n: number(rows.length) })} confirm={t('acknowledge')} reasonless onDo={act} done={() => { say(t('acknowledged')); again(); }}>
        <p>{t('acknowledge-about')}</p>
      </Ask>
    </div>
  );
}

export function Emergencies({ session }: { session: Session }) {
  const [state, setState] = useArg('state', 'open');
  const [site] = useArg('site');
  const list = useApi<{ emergencies: Emergency[] }>('emergencies' + scoped({ site, most: 200 }), 'emergencies');
  const messages = useApi<{ deliveries: Delivery[] }>('deliveries' + scoped({ site, most: 1000 }), 'emergencies');
  const [most, setMost] = useState(20);
  return (
    <Page title={t('emergencies')}>
      <Card>
        <Shown of={list}>
          {({ emergencies: all }) => {
            const open = all.filter((e) => !e.acknowledged), over = all.filter((e) => e.acknowledged);
            const rows = state === 'open' ? open : over;
            return (
              <>
                <div class="bar">
                  <Tabs label={t('filter')} value={state} onValue={setState} options={[['open', t('to-acknowledge'), open.length], ['over', t('acknowledged-all'), over.length]]} />
                  <SiteChoice />
                </div>
                {state === 'open' && rows.length > 1 && mayMore(session) && <TakeAll rows={rows} again={list.again} />}
                {rows.length === 0 ? <Empty>{t(state === 'open' ? 'no-emergency' : 'none')}</Empty> : (
                  <ul class="needs emergencies">{rows.slice(0, most).map((e) => <One key={e.id} e={e} messages={(messages.data?.deliveries ?? []).filter((m) => m.emergency === e.id)} session={session} again={list.again} />)}</ul>
                )}
                {rows.length > most && <div class="actions"><Button onClick={() => setMost(most * 3)}>{t('show-more')}</Button></div>}
              </>
            );
          }}
        </Shown>
      </Card>
      <Recipients session={session} />
    </Page>
  );
}

// ---- who is told ----

function AddRecipient({ session, again }: { session: Session; again: () => void }) {
  const [kind, setKind] = useState('mail');
  const [address, setAddress] = useState('');
  const [language, setLanguage] = useState('ja');
  const [tier, setTier] = useState('1');
  const [quiet, setQuiet] = useState('');
  const [customer, setCustomer] = useState(chosenCustomer());
  const [error, setError] = useState('');
  const examples: Record<string, string> = { mail: 'soc@example.jp', syslog: 'tls://log.example.jp:6514', webhook: 'https://example.jp/hook' };
  const act = async (e: Event) => {
    e.preventDefault();
    setError('');
    try {
      await send('PUT', 'recipients', { kind, address: address.trim(), language, tier: Number(tier), ...(quiet.trim() ? { quiet: quiet.trim() } : {}), ...(isVendor(session) ? { customer } : {}) });
      say(t('recipient-added', { name: address }));
      setAddress('');
      again();
    } catch (x) {
      setError((x as Error).message);
    }
  };
  return (
    <form class="row-form" onSubmit={act}>
      {isVendor(session) && <Choice label={t('customer')} value={customer} onValue={setCustomer} options={[['', t('recipient-of-vendor')], ...allCustomers().map((c): [string, string] => [c.id, c.name])]} />}
      <Choice label={t('by-what')} value={kind} onValue={setKind} options={['mail', 'syslog', 'webhook'].map((k): [string, string] => [k, word('recipient', k)])} />
      <TextField label={t('recipient-address')} value={address} onValue={setAddress} required autocomplete="off" placeholder={examples[kind]} />
      <Choice label={t('language')} value={language} onValue={setLanguage} options={[['ja', '日本語'], ['en', 'English']]} />
      <Choice label={t('tier')} value={tier} onValue={setTier} options={['1', '2', '3'].map((n): [string, string] => [n, t(`tier.${n}`)])} />
      <TextField label={t('quiet-hours')} value={quiet} onValue={setQuiet} placeholder="22:00-07:00" pattern="[0-9]{2}:[0-9]{2}-[0-9]{2}:[0-9]{2}" autocomplete="off" />
      <Button type="submit" kind="main">{t('add')}</Button>
      {error && <p class="note bad" role="alert">{error}</p>}
    </form>
  );
}

const hour = (minutes: number): string => `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;

function Recipients({ session }: { session: Session }) {
  const list = useApi<{ recipients: Recipient[] }>('recipients' + scoped(), 'emergencies', 'recipients');
  const mayChange = may(session, ADMIN);
  const test = () => void send('POST', 'recipients/test', {}).then(() => say(t('test-sent')), (e: Error) => say(e.message));
  return (
    <Card title={t('recipients')} tools={mayChange && !!list.data?.recipients.length && <Button onClick={test}>{t('test-send')}</Button>}>
      <p class="faint">{t('recipients-about')}</p>
      <Shown of={list}>
        {({ recipients: rows }) => (
          <Table label={t('recipients')} rows={rows} id={(r) => String(r.id)} empty={t('no-recipient')}
            columns={[
              { title: t('recipient-address'), wide: true, sort: (r) => r.address, cell: (r) => <b class="address">{r.address}</b> },
              { title: t('by-what'), sort: (r) => r.kind, cell: (r) => word('recipient', r.kind) },
              ...(isMixed() ? [{ title: t('customer'), sort: (r: Recipient) => r.customer, cell: (r: Recipient) => (r.customer ? customerName(r.customer) : t('recipient-of-vendor')) }] : []),
              { title: t('tier'), sort: (r) => r.tier, cell: (r) => t(`tier.${r.tier}`) },
              { title: t('language'), cell: (r) => (r.language === 'ja' ? '日本語' : 'English') },
              { title: t('quiet-hours'), cell: (r) => (r.quiet_from === r.quiet_to ? '–' : `${hour(r.quiet_from)}–${hour(r.quiet_to)}`) },
              ...(mayChange ? [{
                title: '', cell: (r: Recipient) => (
                  <Ask button={t('remove')} kind="quiet" danger title={t('remove-recipient', { name: r.address })} confirm={t('remove')} reasonless
                      onDo={() => send('DELETE', `recipients/${r.id}`)} done={list.again}><p>{t('remove-recipient-about')}</p></Ask>
                ),
              }] : []),
            ]} />
        )}
      </Shown>
      {mayChange && <><h3>{t('recipient-new')}</h3><AddRecipient key={chosenCustomer()} session={session} again={list.again} /></>}
    </Card>
  );
}

/** How many wait, for the list of pages. */
export function useWaiting(): { emergencies: number; held: number } {
  const emergencies = useApi<{ emergencies: Emergency[] }>('emergencies' + scoped({ open: true, most: 200 }), 'emergencies');
  const cuts = useApi<{ quarantines: { state: string }[] }>('quarantines' + scoped({ open: true, most: 200 }), 'cuts');
  return {
    emergencies: (emergencies.data?.emergencies ?? []).filter((e) => !nsOf(e.acknowledged)).length,
    held: (cuts.data?.quarantines ?? []).filter((c) => c.state === 'held').length,
  };
}
