// Reports of days and months that are over: when they are made, who gets them by mail, what became of
// each.
import { useState } from 'preact/hooks';
import { ADMIN, part, query, send, type Session } from '../toolkit/api';
import { dayText, monthText, number, t, word } from '../toolkit/i18n';
import { useApi } from '../toolkit/live';
import { Ask, Badge, Button, Card, Choice, Page, say, Shown, Table, TextField, Time, type Tone } from '../toolkit/ui';
import { sentence } from '../parts/sentences';
import { may } from '../parts/words';
import { chosenCustomer, customerName, isMixed, isVendor, scoped } from './scope';

interface Run { customer: string; name: string; kind: string; date: string; version: number; state: string; due: number; made: number; error: string; mails: { address: string; state: string; error?: string }[] }
interface Schedule { customer: string; name: string; zone: string; hour: number; daily: boolean; monthly: boolean }
interface Reader { customer: string; address: string; language: string; daily: boolean; monthly: boolean }
interface Finals { reports: Run[]; schedules: Schedule[]; recipients: Reader[] }

const tones: Record<string, Tone> = { due: 'info', ready: 'good', failed: 'danger' };
const whose = (s: Session): { customer?: string } => (isVendor(s) ? { customer: chosenCustomer() } : {});
const kindsOf = (x: { daily: boolean; monthly: boolean }): string => [x.daily && t('daily'), x.monthly && t('monthly')].filter(Boolean).join(', ') || t('none');

function Hour({ s, session, again }: { s: Schedule; session: Session; again: () => void }) {
  const [hour, setHour] = useState(String(s.hour));
  return (
    <Ask button={t('change')} kind="quiet" title={t('report-hour')} confirm={t('keep')} reasonless done={again}
      onDo={() => send('PUT', 'final-reports/schedule', { ...(isVendor(session) ? { customer: s.customer } : {}), hour: Number(hour), daily: s.daily, monthly: s.monthly })}>
      <Choice label={t('report-hour')} value={hour} onValue={setHour} options={Array.from({ length: 24 }, (_, h): [string, string] => [String(h), `${h}:00`])} />
    </Ask>
  );
}

function AddReader({ session, again }: { session: Session; again: () => void }) {
  const [address, setAddress] = useState('');
  const [language, setLanguage] = useState('ja');
  const [kinds, setKinds] = useState('both');
  const [error, setError] = useState('');
  const act = async (e: Event) => {
    e.preventDefault();
    setError('');
    try {
      await send('PUT', 'final-reports/recipients', { ...whose(session), address: address.trim(), language, daily: kinds !== 'monthly', monthly: kinds !== 'daily' });
      say(t('reader-added', { name: address }));
      setAddress('');
      again();
    } catch (x) {
      setError((x as Error).message);
    }
  };
  return (
    <form class="row-form" onSubmit={act}>
      <TextField label={t('mail-address')} type="email" value={address} onValue={setAddress} required autocomplete="off" />
      <Choice label={t('language')} value={language} onValue={setLanguage} options={[['ja', '日本語'], ['en', 'English']]} />
      <Choice label={t('reports')} value={kinds} onValue={setKinds} options={[['both', t('daily-and-monthly')], ['daily', t('daily')], ['monthly', t('monthly')]]} />
      <Button type="submit" kind="main">{t('add')}</Button>
      {error && <p class="note bad" role="alert">{error}</p>}
    </form>
  );
}

export function FinalReports({ session }: { session: Session }) {
  const list = useApi<Finals>('final-reports' + scoped(), 'reports');
  const mine = may(session, ADMIN);
  const of = { title: t('customer'), cell: (x: { customer: string }) => (x.customer ? customerName(x.customer) : t('all-customers')) };
  return (
    <Page title={t('final-reports')}>
      <Shown of={list}>
        {(f) => (
          <>
            <Card title={t('readers')}>
              <p class="faint">{t('readers-about')}</p>
              <Table dense label={t('readers')} rows={f.recipients} id={(r) => r.customer + r.address} empty={t('no-reader')}
                columns={[
                  { title: t('mail-address'), sort: (r) => r.address, cell: (r) => <b class="address">{r.address}</b> }, ...(isMixed() ? [of] : []),
                  { title: t('language'), cell: (r) => (r.language === 'en' ? 'English' : '日本語') }, { title: t('reports'), wide: true, cell: kindsOf },
                  ...(mine ? [{ title: '', cell: (r: Reader) => (
                    <Ask button={t('remove')} kind="quiet" danger title={t('remove-recipient', { name: r.address })} confirm={t('remove')} reasonless done={list.again}
                      onDo={() => send('DELETE', `final-reports/recipients/${part(r.address)}` + query(isVendor(session) ? { customer: r.customer } : {}))} />
                  ) }] : []),
                ]} />
              {mine && <AddReader key={chosenCustomer()} session={session} again={list.again} />}
            </Card>
            <Card title={t('schedules')}>
              <Table dense label={t('schedules')} rows={f.schedules} id={(s) => s.customer} empty={t('none')}
                columns={[
                  of, { title: t('report-hour'), cell: (s) => `${s.hour}:00 ${s.zone}` }, { title: t('reports'), wide: true, cell: kindsOf },
                  ...(mine ? [{ title: '', cell: (s: Schedule) => <Hour key={s.hour} s={s} session={session} again={list.again} /> }] : []),
                ]} />
            </Card>
            <Card title={t('made-reports')}>
              <Table dense label={t('made-reports')} rows={f.reports} id={(r) => r.customer + r.kind + r.date + r.version} empty={t('no-final')} page={20}
                columns={[
                  { title: t('day'), sort: (r) => r.date, cell: (r) => <b>{r.kind === 'daily' ? dayText(r.date) : monthText(r.date)}</b> }, ...(isMixed() ? [of] : []),
                  { title: t('kind'), sort: (r) => r.kind, cell: (r) => word('report-kind', r.kind) }, { title: t('versions'), right: true, cell: (r) => number(r.version) },
                  { title: t('state'), sort: (r) => r.state, cell: (r) => <><Badge tone={tones[r.state] ?? 'plain'}>{word('report-state', r.state)}</Badge>{r.error && <small class="line">{sentence(r.error)}</small>}</> },
                  { title: t('made-at'), sort: (r) => r.made, cell: (r) => <Time ns={r.made} exact /> },
                  { title: t('readers'), wide: true, cell: (r) => r.mails.map((m) => m.address).join(', ') || '–' },
                ]} />
            </Card>
          </>
        )}
      </Shown>
    </Page>
  );
}
