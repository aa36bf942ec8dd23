// Known-bad entries that treated hosts offer to the whole fleet (Q14).
import { nsOf, number, t, word } from '../toolkit/i18n';
import { useApi } from '../toolkit/live';
import { href, useArg } from '../toolkit/route';
import { At, Card, Choice, Code, Page, Shown, Table, TextField } from '../toolkit/ui';
import { threatName } from '../parts/threats';
import type { Offer } from './data';
import { scoped } from './scope';
import { SiteChoice } from './shared';

export function Lists() {
  const [find, setFind] = useArg('find');
  const [kind, setKind] = useArg('kind');
  const [site] = useArg('site');
  const list = useApi<{ proposals: Offer[] }>('lists' + scoped({ site, most: 1000 }), 'lists', 'incidents');
  const wanted = find.trim().toLowerCase();
  return (
    <Page title={t('lists')}>
      <Card>
        <p class="faint">{t('lists-about')}</p>
        <Shown of={list}>
          {({ proposals }) => {
            const rows = proposals.filter((p) => (!kind || p.kind === kind) && (!wanted || `${p.value} ${p.comment} ${p.threat} ${p.site}`.toLowerCase().includes(wanted)));
            return (
              <>
                <div class="row-form" role="search">
                  <TextField label={t('search')} type="search" value={find} onValue={setFind} placeholder={t('search-lists')} />
                  <Choice label={t('kind')} value={kind} onValue={setKind} options={[['', t('all')], ...['ip', 'domain', 'url', 'file'].map((k): [string, string] => [k, word('entry', k)])]} />
                  <SiteChoice />
                </div>
                <p class="faint" role="status">{t('n-found', { n: number(rows.length) })}</p>
                <Table dense label={t('lists')} rows={rows} id={(p) => p.id + p.kind + p.value} empty={t('no-offer')} page={50}
                  columns={[
                    { title: t('kind'), sort: (p) => p.kind, cell: (p) => word('entry', p.kind) },
                    { title: t('value'), wide: true, sort: (p) => p.value, cell: (p) => <Code>{p.value}</Code> },
                    { title: t('threat'), sort: (p) => p.threat, cell: (p) => <a href={href('incidents', p.incident)}>{threatName(p.threat)}</a> },
                    { title: t('note'), cell: (p) => p.comment || '–' },
                    { title: t('site'), sort: (p) => p.site, cell: (p) => p.site },
                    { title: t('found-at'), sort: (p) => nsOf(p.time), cell: (p) => <At time={p.time} /> },
                  ]} />
              </>
            );
          }}
        </Shown>
      </Card>
    </Page>
  );
}
