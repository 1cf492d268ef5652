import { catalog, relation } from './catalogs';

/** The plan of the documentation, as far as this version carries it out. */
export const crmPlan = `# yaml-language-server: $schema=./schema/plan.schema.json
version: 1
name: crm
sources: { legacy: { url: "\${LEGACY_URL}" } }
target: { url: "\${CRM_URL}" }
capture: none
defaults: { on_bad_row: quarantine, max_bad_rows: 0.5%, unmapped_source_columns: error }

tables:                                             # one entry a target table
  crm.customer:
    from: public.tbl_cust
    where: del_flag is distinct from 'Y'            # the others are counted: out of scope
    id: { uuid_from: cust_no }                      # same input, same uuid, in every run
    ignore: [fax_no, old_password]                  # left behind on purpose
    columns:                                        # target: source, or target: { from, steps }
      legacy_no: cust_no
      full_name: { from: cust_nm, steps: [trim, collapse_whitespace] }
      email: { from: e_mail, steps: [trim, lower, { null_if: ["", n/a] }] }
      status:
        from: stat
        steps: [trim, upper, { map: { A: active, ACTIVE: active, I: inactive, X: closed } }]
      signed_up_on: { from: signup_dt, steps: [{ parse_date: [YYYY-MM-DD, DD/MM/YYYY] }] }
      updated_at: { from: upd_ts, steps: [{ at_zone: Europe/Berlin }] }   # no zone, no plan
    rules: { email: [unique], status: [not_null] }
  crm.sales_order:                                  # a ref follows new ids
    from: public.orders
    when_not_empty: refuse                          # refuse | replace
    id: { uuid_from: order_id }
    columns:
      customer_id: { from: cust_no, ref: crm.customer, parent_out_of_scope: out_of_scope }
      ordered_on: { from: order_dt, steps: [{ parse_date: [DD/MM/YYYY] }] }
      total: { from: total_cents, steps: [{ scale: -2 }] }

decisions:                                          # ids as \`rowproof check\` prints them
  sales_order.customer_id.orphan:
    do: quarantine
    expect: { rows: 1204, tolerance: 10 }           # validation compares this with what happened
    because: orders of customers erased in 2019, kept in the archive
    by: ana
settings: { ticket: CHG-4711, approvers: { cutover: [ben, eva] }, notify: "\${SLACK_URL}" }   # not in the digest
`;

export const crmCatalogs = {
  sources: {
    legacy: catalog([
      relation(
        'public.tbl_cust',
        'cust_no integer#, cust_nm text, e_mail text, stat text, signup_dt text, upd_ts timestamp without time zone, del_flag text, fax_no text, old_password text',
      ),
      relation('public.orders', 'order_id integer#, cust_no integer, order_dt text, total_cents integer'),
    ]),
  },
  target: catalog([
    relation(
      'crm.customer',
      'id uuid#, legacy_no integer, full_name text!, email text, status text!, signed_up_on date, updated_at timestamp with time zone',
    ),
    relation('crm.sales_order', 'id uuid#, customer_id uuid, ordered_on date, total numeric(12,2)'),
  ]),
};
