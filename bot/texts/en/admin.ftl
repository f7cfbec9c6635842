## Panel

admin_panel =
    <b>Operators</b>

    Free: { $available }
    Held: { $held }
    Payments to decide: { $odd }
admin_chain_behind = ⚠️ The chain has been read up to { $until } only. Payments after that are not seen yet.
admin_to_panel = 🛠 Operators
admin_to_back = ◀️ Back
admin_to_pool = 🔢 Pool
admin_to_add = ➕ Add numbers
admin_to_held = 🔑 Rentals
admin_to_idle = ⏸ Not offered
admin_to_find = 🔎 Find a number
admin_to_customer = 👤 Customer
admin_to_payments = ⚖️ Payments to decide ({ $count })
admin_to_figures = 📊 Figures
admin_to_trail = 🧾 Audit
admin_to_news = 📣 News
admin_to_admins = 👥 Admins
admin_to_first = ⏮ First
admin_to_next = Next ▶️
admin_none = Nothing here.
admin_done = Done.
admin_answered = This question was answered already.
admin_refused =
    <b>That was not done.</b>

    { $why }
admin_to_keep = No, leave it
command_admin = Operators

## Numbers

admin_pool = <b>All numbers</b>
admin_held = <b>Numbers that customers hold</b>
admin_idle = <b>Numbers that are not offered</b>
admin_pool_line = { $number } · { $state }
admin_state = { $state ->
    [available] 🟢 free
    [reserved] 🟡 reserved
    [rented] 🔴 rented
    [grace] 🟠 in grace
    [turnover] 🧹 turnover
    [withdrawn] ⏸ withdrawn
    [restricted] ⛔ restricted
    [pending_deletion] 🗑 being deleted
    [lost] ❗ not ours
   *[other] { $state }
}
admin_number =
    <b>{ $number }</b>
    { $state }
    Plans: { $plans }
admin_plan = { $term } = { $price }
admin_no_plans = none
admin_holder = Held by <code>{ $customer }</code> until { $until }
admin_reserved = Reserved for <code>{ $customer }</code> until { $until }
admin_turnover = Being prepared until { $until }
admin_turnover_waits = Waits for you: end its sessions, check it, then offer it again.
admin_locked = 🔒 Locked until { $until }
admin_to_price = 💰 Prices
admin_to_withdraw = ⏸ Stop offering
admin_to_restore = ▶️ Offer again
admin_to_lock = 🔒 { $minutes } min
admin_to_unlock = 🔓 Unlock
admin_lock_not_here = This lock was put on elsewhere. It ends by itself, or where it was put on.
admin_to_extend = ➕ More time
admin_to_revoke = ✖️ End the rental
admin_extend = <b>{ $number }</b>: how much more time, for nothing?
admin_more_question = Give the holder of <b>{ $number }</b> { $term } more, for nothing?
admin_yes_more = Yes, give it
admin_withdraw_question = Stop offering <b>{ $number }</b>? Whoever holds it keeps it to the end of the term.
admin_yes_withdraw = Yes, stop offering
admin_revoke_question =
    <b>End the rental of { $number } now?</b>

    <code>{ $customer }</code> has paid for it until { $until } and loses it at once.
admin_yes_revoke = Yes, end it
admin_added = { $count ->
    [one] { $count } number added.
   *[other] { $count } numbers added.
}
admin_not_added = ✖️ { $number }: { $why }

## Questions

admin_ask_number = <b>Which number?</b> Send it as a message, in any spelling.
admin_bad_number = This is no +888 number. Send something like <code>+888 0123 4567</code>.
admin_ask_add =
    <b>Which numbers, for what?</b> Send the numbers, one a line, and below them the plans for all of them:

    <code>+888 0123 4567
    +888 0123 4568
    30d=10 7d=3</code>
admin_bad_add = This could not be read. Up to 100 numbers, one a line, and at least one plan such as <code>30d=10</code> (30 days for 10 { $currency }).
admin_ask_price =
    <b>What is { $number } offered for?</b> Send all its plans, such as

    <code>7d=3 30d=10 90d=25</code>

    Invoices that are open keep their price.
admin_bad_price = This could not be read. Send plans such as <code>7d=3 30d=10</code>.
admin_ask_customer = <b>Which customer?</b> Send the numeric Telegram id.
admin_ask_appoint = <b>Who becomes an admin?</b> Send the numeric Telegram id. Admins can do everything here but appoint admins.
admin_bad_user = This is no Telegram id. Send digits only, such as <code>123456789</code>.
admin_ask_news = <b>What shall all customers read?</b> Send the text. You see it before it is sent.
admin_long_news = This is too long. Send at most { $most } characters.

## Payments

admin_payments = <b>Payments that need a decision</b>
admin_payment_line = { $amount } · { $what }
admin_reason = { $reason ->
    [underpaid] too little
    [overpaid] too much
    [wrong_currency] another currency
    [late] too late
    [early] too early
    [duplicate] paid twice
    [cancelled] invoice cancelled
    [unknown_payload] unknown comment
    [no_comment] no comment
    [unreadable_comment] unreadable comment
    [unreadable_message] unreadable
    [number_gone] number gone
    [number_locked] number locked
    [unconfirmed] only one source has it so far
    [disputed] sources contradict each other
   *[other] { $reason }
}
admin_outcome = { $outcome ->
    [settled] settled
    [exception] to decide
    [applied] accepted
    [refund_pending] to be sent back
    [refunded] sent back
    [written_off] kept
    [deposit] the shop’s own
   *[other] { $outcome }
}
admin_payment =
    <b>{ $amount }</b>, { $at }
    From: <code>{ $sender }</code>
    Comment: <code>{ $comment }</code>
    Transaction: <code>{ $tx }</code>
admin_payment_invoice = For { $number }, { $due } asked, <code>{ $customer }</code>
admin_payment_reason = What is odd: { $reason }
admin_payment_outcome = Decision: { $outcome }
admin_refund_how = Send it back with the button below, then say that you have. The shop holds no keys and sends nothing itself. A sender can be an exchange, where money arrives only with the customer’s own memo: ask first.
admin_to_wallet = 💎 Send it back
admin_to_apply = ✅ Accept
admin_to_refund = ↩️ Send back
admin_to_refunded = ✔️ It was sent back
admin_to_write_off = 🗄 Keep
admin_apply_question = Accept { $amount } as if the invoice had been paid as it should? The customer gets what it was for.
admin_refund_question = Send { $amount } back? You get the link; nothing is sent by itself.
admin_refunded_question = Have you sent { $amount } back?
admin_write_off_question = Keep { $amount } and close the matter? The customer is told.

## Customers and admins

admin_customer =
    <b>Customer</b> <code>{ $user }</code>
    Numbers: { $numbers }
    Open invoices: { $invoices }
admin_banned = ⛔ Barred since { $at }
admin_to_ban = ⛔ Bar
admin_to_unban = ✅ End the ban
admin_ban_question = Bar <code>{ $user }</code>? They keep what they have paid for, but get nothing new.
admin_admins =
    <b>Admins</b>

    Owner: <code>{ $owner }</code>
admin_to_dismiss = ✖️ { $user }
admin_to_appoint = ➕ Appoint
admin_appoint_question = Make <code>{ $user }</code> an admin? Admins can do everything here but appoint admins.
admin_appoint_unknown = ⚠️ Nobody with this id has used the bot. Check it.
admin_yes_appoint = Yes, appoint
admin_dismiss_question = Take all rights from <code>{ $user }</code>, at once?
admin_yes_dismiss = Yes, dismiss

## Figures and trail

admin_figures = <b>Numbers</b>
admin_figure = { $what }: { $count }
admin_figure_payments =
    { "" }
    <b>Payments</b>
admin_figure_sum = { $count } ({ $sum })
admin_figure_rest =
    { "" }
    Customers: { $customers }
    Messages given up: { $dead }
admin_trail = <b>What operators did</b>
admin_trail_line =
    { $at } · <code>{ $actor }</code>
    { $action } { $object } { $detail }

## News

admin_no_news = <b>No news are being sent.</b>
admin_preview = { $count ->
    [one] <b>This goes to { $count } user.</b> Whoever wants no news gets none.
   *[other] <b>This goes to { $count } users.</b> Whoever wants no news gets none.
}
admin_to_send = 📣 Send to all
admin_to_other_text = ✏️ Other text
admin_to_write = ✏️ Write news
admin_to_stop = ⏹ Stop
admin_to_refresh = 🔄 Look again
admin_draft_gone = The text was forgotten. Send it again.
admin_news_running = Other news are being sent. Wait, or stop them.
admin_news_goes_on = 📣 <b>News are being sent.</b>
admin_news_over = ✅ <b>The news have been sent.</b>
admin_news_stopped = ⏹ <b>The news were stopped.</b>
admin_news_figures =
    { $done } of { $total }
    Sent: { $sent }
    Not reachable or not wanted: { $skipped }
    Failed: { $failed }

## What operators are told without asking

notice_payment = ⚖️ <b>A payment needs a decision:</b> { $amount }, { $reason }.
notice_payment_for = ⚖️ <b>A payment needs a decision:</b> { $amount } for { $number }, { $reason }.
notice_refund_differs = ⚖️ <b>Money was sent that is like a refund, but not in everything.</b> If it is the refund, say that it was sent back.
notice_turnover = 🧹 <b>{ $number } waits for you.</b> End its sessions, check it, then offer it again.
notice_lost = ❗ <b>{ $number } is not the shop’s any more</b> ({ $why }). It is not rented out or renewed.
notice_why_lost = { $ownership ->
    [ours] it is
    [foreign] it belongs to somebody else
    [auction] it is being sold
    [not_minted] there is no such NFT
   *[other] { $ownership }
}
notice_regained = ✅ <b>{ $number } is the shop’s again.</b>
notice_chain_stalled = 🚨 <b>The chain cannot be read</b> since { $until }. Payments are not seen; nothing is lost, and nothing is released. Look at the provider.
notice_chain_recovered = ✅ <b>The chain is read again</b>, up to { $until }.
notice_dead_letter = 🚨 <b>A message was given up</b> ({ $group }, event { $seq }): { $reason }
notice_to_payment = ⚖️ Decide
notice_to_number = 🔢 Number

## Refusals, by their codes

admin_error_access_denied = You may not do this.
admin_error_number_not_found = This number is not in the pool.
admin_error_number_exists = This number is in the pool already.
admin_error_number_listed = This number is offered already.
admin_error_number_withdrawn = This number is not offered already.
admin_error_number_lost = This number is not the shop’s, as the chain shows.
admin_error_number_locked = This number is locked. Unlock it where it was locked, or wait.
admin_error_number_gone = The number cannot be given to this customer any more. Send the payment back.
admin_error_rental_not_found = Nobody holds this number.
admin_error_plan_invalid = These plans contradict each other. Give each term once, with a price above zero.
admin_error_customer_not_banned = This customer is not barred.
admin_error_payment_not_found = There is no such payment.
admin_error_payment_decided = This payment was decided about already.
admin_error_payment_waiting = This payment settles by itself when the lock is gone.
admin_error_payment_refund_not_pending = This payment is not being sent back.
admin_error_invoice_not_named = This payment names no invoice. Accept it with admin-cli, for the invoice that you mean.
admin_error_admin_not_found = This is no appointed admin.
admin_error_admin_exists = This is an admin already.
