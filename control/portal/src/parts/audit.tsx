// The audit log, whose chain can be verified; every program has one (control/api).
import { get } from '../toolkit/api';
import { number, t, word } from '../toolkit/i18n';
import { useApi } from '../toolkit/live';
import { Badge, Button, Card, Page, say, Shown, Table, Time } from '../toolkit/ui';
import { useState } from 'preact/hooks';

export interface AuditLine {
  n?: number; time: string; actor: string; what: string; detail: Record<string, unknown>; hash?: string;
}

interface Verified { whole?: boolean; right?: boolean; lines: number; hash: string; bad?: number; problem: string }
const isWhole = (v: Verified): boolean => v.whole ?? v.right ?? false;

function detailOf(detail: Record<string, unknown>): string {
  return Object.entries(detail ?? {}).filter(([k, v]) => v !== '' && v !== null && k !== 'sha256')
    .map(([k, v]) => `${word('audit-key', k)}: ${typeof v === 'object' ? JSON.stringify(v) : String(v)}`).join(' · ');
}

/** `chain`: whether the reader is told of the whole chain, of which these lines are a part. `taken`: where
 * it can be fetched with its signature. */
export function Audit({ chain = true, taken }: { chain?: boolean; taken?: string }) {
  const [most, setMost] = useState(100);
  const [find, setFind] = useState('');
  const [verified, setVerified] = useState<Verified | null>(null);
  const log = useApi<{ audit: AuditLine[]; lines?: number; hash?: string }>(`audit?most=${most}`, 'audit', 'cuts', 'state');
  const fits = (x: AuditLine) => !find || `${x.actor} ${x.what} ${JSON.stringify(x.detail)}`.toLowerCase().includes(find.toLowerCase());
  return (
    <Page title={t('audit')} tools={<>{taken && <a class="button" href={taken} download>{t('audit-export')}</a>}{chain && <Button onClick={() => void get<Verified>('audit/verify').then(setVerified, (e: Error) => say(e.message))}>{t('verify')}</Button>}</>}>
      <Card>
        {verified && <p class={`note ${isWhole(verified) ? 'good' : 'bad'}`} role="status">{isWhole(verified) ? t('audit-whole', { n: number(verified.lines) }) : `${verified.bad !== undefined ? t('audit-bad', { n: number(verified.bad) }) : ''} ${verified.problem}`}</p>}
        <Shown of={log}>
          {(l) => (
            <>
              <div class="row-form" role="search">
                <div class="field"><label for="find">{t('search')}</label><input id="find" type="search" value={find} onInput={(e) => setFind(e.currentTarget.value)} /></div>
                {l.hash && <p class="faint head-hash">{t('audit-head')} <code>{l.lines}:{l.hash.slice(0, 16)}…</code></p>}
              </div>
              <Table label={t('audit')} rows={l.audit.filter(fits)} id={(x) => String(x.n ?? x.time + x.what + JSON.stringify(x.detail))} empty={t('none')}
                columns={[
                  ...(chain ? [{ title: '#', right: true, cell: (x: AuditLine) => x.n }] : []),
                  { title: t('time'), cell: (x) => <Time ns={Date.parse(x.time) * 1e6} exact /> },
                  { title: t('who'), cell: (x) => (x.actor === 'automatic' ? <Badge>{t('automatic')}</Badge> : <b>{x.actor}</b>) },
                  { title: t('what'), cell: (x) => word('audit', x.what) },
                  { title: t('detail'), wide: true, cell: (x) => <span class="detail">{detailOf(x.detail)}</span> },
                ]} />
              {most < 900 && (l.lines ?? l.audit.length + 1) > most && l.audit.length >= most && <div class="actions"><Button onClick={() => setMost(Math.min(999, most * 3))}>{t('more')}</Button></div>}
            </>
          )}
        </Shown>
      </Card>
    </Page>
  );
}
