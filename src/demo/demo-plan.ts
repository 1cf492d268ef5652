import type { TruthManifest } from './row-outcomes';

/** The demo's plan. Its decisions carry the counts that the manifest says, as a team would after its first rehearsal. */
export function demoPlan(manifest: TruthManifest, capture: 'none' | 'triggers'): string {
  return `# The plan of the demo: a legacy CRM into a differently designed schema.
version: 1
name: demo
sources: { legacy: { url_file: legacy.url } }
target: { url_file: crm.url }
capture: ${capture}
defaults: { on_bad_row: quarantine, max_bad_rows: 0.5%, unmapped_source_columns: error }

tables:
  crm.customer:
    from: public.tbl_cust
    where: del_flag is distinct from 'Y'
    id: { uuid_from: cust_no }
    ignore: [fax_no, del_flag]
    columns:
      legacy_no: cust_no
      full_name: { from: cust_nm, steps: [trim, collapse_whitespace] }
      email: { from: e_mail, steps: [trim, lower, { null_if: ["", n/a] }] }
      phone: { from: phone, steps: [{ null_if: [""] }] }
      region: { from: state_cd, steps: [trim, { null_if: [""] }, us_state] }
      status:
        from: stat
        steps: [trim, upper, { map: { A: active, ACTIVE: active, I: inactive, INACTIVE: inactive, X: closed, CLOSED: closed } }]
      signed_up_on:
        from: signup_dt
        steps: [{ null_if: ["", N/A] }, { parse_date: [YYYY-MM-DD, DD/MM/YYYY, DD.MM.YYYY, D MON YYYY] }]
      credit_limit: { from: credit_lim_cents, steps: [{ scale: -2 }] }
      notes: { from: notes, steps: [{ null_if: ["", N/A] }] }
      updated_at: { from: upd_ts, steps: [{ at_zone: Europe/Berlin }] }
    rules: { email: [unique], status: [not_null] }

  crm.contact:
    from: public.tbl_contact
    id: { keep: contact_id }
    columns:
      customer_id: { from: cust_no, ref: crm.customer, parent_out_of_scope: out_of_scope }
      given_name: { from: contact_nm, steps: [{ split_part: [",", 2] }, trim, { null_if: [""] }] }
      family_name: { from: contact_nm, steps: [{ split_part: [",", 1] }, trim, { null_if: [""] }] }
      email: { from: e_mail, steps: [trim, lower, { null_if: [n/a] }] }
      born_on: { from: birth_dt, steps: [{ parse_date: [YYYY-MM-DD] }] }

  crm.product:
    from: public.tbl_prod
    id: { keep: prod_cd }
    columns:
      name: { from: [brand, descr], steps: [{ concat: " " }] }
      price: { from: price, steps: [{ parse_number: { decimal: ",", group: "." } }] }
      weight_kg: { from: wt_g, steps: [{ scale: -3 }] }
      is_active: { from: active, steps: [boolean] }

  crm.sales_order:
    from: public.tbl_order
    id: { offset: { from: order_id, by: 1000000 } }
    columns:
      customer_id: { from: cust_no, ref: crm.customer, parent_out_of_scope: out_of_scope }
      ordered_on: { from: order_dt, steps: [{ parse_date: [YYYY-MM-DD, DD/MM/YYYY, DD.MM.YYYY, D MON YYYY] }] }
      status:
        from: stat
        steps: [trim, upper, { map: { O: open, OPEN: open, S: shipped, SHIPPED: shipped, C: cancelled, CANCELLED: cancelled, CANCELED: cancelled } }]
      ship_region: { from: ship_state, steps: [us_state] }
      replaces_id: { from: replaces_id, ref: crm.sales_order, parent_out_of_scope: out_of_scope }

  crm.order_line:
    from: public.tbl_order_line
    columns:
      order_id: { from: order_id, ref: crm.sales_order, parent_out_of_scope: out_of_scope }
      line_no: line_no
      sku: { from: prod_cd, ref: crm.product }
      quantity: { from: qty, steps: [trim] }
      unit_price: { from: unit_cents, steps: [{ scale: -2 }] }
      discount: { from: disc_pct, steps: [{ null_if: [""] }, { parse_number: { decimal: "," } }] }

  crm.invoice:
    from: public.tbl_invoice
    id: { keep: inv_no }
    columns:
      order_id: { from: order_id, ref: crm.sales_order, parent_out_of_scope: out_of_scope }
      invoiced_on: { from: inv_dt, steps: [{ parse_date: [YYYY-MM-DD, DD/MM/YYYY, DD.MM.YYYY, D MON YYYY] }] }
      total: { from: total_cents, steps: [{ scale: -2 }] }
      is_paid: { from: paid, steps: [boolean] }

  crm.payment:
    from: public.tbl_payment
    id: { keep: pay_id }
    columns:
      invoice_number: { from: inv_no, ref: crm.invoice, parent_out_of_scope: out_of_scope }
      amount: amount
      paid_on: { from: paid_on, steps: [{ null_if: [""] }, { parse_date: [YYYY-MM-DD, DD/MM/YYYY, DD.MM.YYYY, D MON YYYY] }] }
      method: { from: method, steps: [upper, { map: { C: card, CARD: card, T: transfer, TRANSFER: transfer, CASH: cash } }] }

decisions:
${decisions(manifest)}
settings: { on_failure: keep, batch: { rows: 10000 } }
`;
}

function decisions(manifest: TruthManifest): string {
  const counts = new Map<string, number>();
  for (const { finding } of manifest.planted) {
    if (finding === 'where' || finding.includes('.parent_')) continue;
    counts.set(finding, (counts.get(finding) ?? 0) + 1);
  }
  return [...counts.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(
      ([finding, rows]) =>
        `  ${finding}: { do: quarantine, expect: { rows: ${rows}, tolerance: 0 }, because: known faults of the old system, by: ana }`,
    )
    .join('\n');
}
