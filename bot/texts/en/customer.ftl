## Everywhere

oops = Something went wrong. Please try again.
stale_button = This button is out of date. Here is a fresh screen.
broken_link = <b>This link cannot be read.</b> Some of it is missing or mistyped. Open it again where you got it, or ask whoever sent it for a new one.
not_there = This is not here any more, or it is not yours.
too_fast = { $seconds ->
    [one] Too fast. Please wait { $seconds } second.
   *[other] Too fast. Please wait { $seconds } seconds.
}
told_to_wait = { $seconds ->
    [one] Telegram asks to wait { $seconds } second. Tap again then.
   *[other] Telegram asks to wait { $seconds } seconds. Tap again then.
}
only_in_private = Numbers are rented in a private chat with me.
open_private_chat = Open the private chat
to_home = 🏠 Home
to_back = ◀️ Back
to_cancel = ✖️ Cancel
to_close = ✖️ Close
to_support = 💬 Contact support
to_browse = 📞 Free numbers
page_of = { $page } / { $pages }
page_before = ◀️
page_after = ▶️
term_days = { $days ->
    [one] { $days } day
   *[other] { $days } days
}
span_days = { $days ->
    [one] { $days } day
   *[other] { $days } days
}
span_days_hours = { $days } d { $hours } h
span_hours_minutes = { $hours } h { $minutes } min
span_minutes = { $minutes } min
span_moment = less than a minute

## Home

home = 
    <b>Anonymous +888 numbers</b>

    Rent a Telegram number for as long as you like and pay in { $currency }. No names, no SIM card.
either = { $one } or { $other }
home_held = { $count ->
    [one] You have <b>{ $count }</b> number.
   *[other] You have <b>{ $count }</b> numbers.
}
home_open = { $count ->
    [one] <b>{ $count }</b> invoice waits for your payment.
   *[other] <b>{ $count }</b> invoices wait for your payment.
}
to_rentals = 🔑 My numbers
to_rentals_count = 🔑 My numbers ({ $count })
to_invoices = 💎 To pay ({ $count })
to_history = 🧾 History
to_help = ❓ Help
to_rules = 📜 Rules
to_languages = 🌐 Language

## Browsing

browse = { $count ->
    [one] <b>{ $count } free number</b>
   *[other] <b>{ $count } free numbers</b>
}
browse_more = <b>The first { $count } free numbers</b>. There are more after the last page; or search by digits.
browse_on = <b>The next { $count } free numbers</b>
browse_end = <b>These were all free numbers.</b>
to_more_numbers = More numbers ⏩
to_first_numbers = ⏮ First numbers
browse_none = <b>No free number fits.</b> Look for something else, or come back later: numbers become free all the time.
browse_empty = <b>No number is free right now.</b> Come back a little later: numbers become free all the time.
filter_term = for { $term }
filter_most = up to { $price }
filter_digits = with { $pattern }
filter_chosen = Only: { $filters }
number_from = { $number } · from { $price }
number_at = { $number } · { $price }
to_search = 🔎 Search
to_narrow = ⚙️ Term and price
to_all = ✖️ Show all
narrow = <b>Which numbers do you want to see?</b>
narrow_any_term = Any term
narrow_any_price = Any price
narrow_term = { $term }
narrow_price = ≤ { $price }
chosen = ✅ { $what }
to_show_list = Show the numbers
ask_digits = 
    <b>Which digits?</b> Send them as a message.

    <code>777</code> — anywhere in the number
    <code>0123*</code> — at the beginning
    <code>*88</code> — at the end
    <code>0?0? ????</code> — <code>?</code> is one digit, <code>*</code> is any
bad_pattern = These are no digits to look for. Send something like <code>777</code>, <code>0123*</code> or <code>*88</code>.

## A number

number_free = 
    <b>{ $number }</b>

    🟢 Free now. For how long?
number_unpriced = 
    <b>{ $number }</b>

    Not offered at present.
number_yours = 
    <b>{ $number }</b>

    🔑 This is your number.
number_reserved_by_you = 
    <b>{ $number }</b>

    💎 You have an invoice for this number.
number_unavailable = 
    <b>{ $number }</b>

    🔴 { $why }
plan = { $term } — { $price }
to_rental = 🔑 Open
to_pay = 💎 Pay

## Question before an invoice

quote_rent = 
    <b>Rent { $number }?</b>

    Term: { $term }
    Price: <b>{ $price }</b>

    The number and the price are kept for you for { $time } once you go on. By paying you accept the rules.
quote_renew = 
    <b>Renew { $number }?</b>

    { $term } more, until { $until } at least
    Price: <b>{ $price }</b>

    You lose no second: the new term begins where the present one ends. The price is kept for { $time } once you go on.
to_order = 💎 Go on to payment
price_changed = The price has changed meanwhile. Here is the new one.

## Paying

pay_rent = <b>Pay { $amount }</b> for { $number }, { $term }
pay_renew = <b>Pay { $amount }</b> to renew { $number }, { $term }
pay_how = 
    To: <code>{ $address }</code>
    Comment: <code>{ $comment }</code>
    Amount: <code>{ $number }</code> { $currency }

    Exactly this amount and this comment, in one transfer. Without the comment the payment cannot be matched by itself.
pay_time = ⏳ <b>{ $left }</b> left, until { $until }
pay_watching = I see the payment by myself, mostly within a minute. This message then changes.
pay_over = 
    ⌛ <b>The time to pay is over.</b> Do not pay this invoice any more.

    If you have paid in time, all is well: this message changes as soon as the payment is seen.
pay_seen = 
    👀 <b>The payment has arrived.</b>

    It is being carried out. This message changes by itself.
pay_done_rent = 
    ✅ <b>{ $number } is yours</b> until { $until }.

    You find it under “My numbers”.
pay_done_renew = ✅ <b>{ $number } is renewed</b> until { $until }.
pay_done = ✅ <b>This invoice for { $number } is paid.</b>
pay_expired = ⌛ <b>This invoice for { $number } has expired.</b> Nothing was paid in time. If you have paid late, the operator sees it and decides.
pay_cancelled = ✖️ <b>This invoice for { $number } was cancelled.</b> Do not pay it.
pay_qr = { $amount } · { $number }
wallet = 💎 { $name }
to_copy_address = 📋 Address
to_copy_comment = 📋 Comment
to_copy_amount = 📋 Amount
to_qr = 🔳 QR code
to_check = 🔄 Check
to_cancel_invoice = ✖️ Cancel the invoice
to_try_pay = 🧪 Pay with toy coins
try_paid = Sent. It arrives within seconds.
ask_cancel = 
    <b>Cancel the invoice for { $number }?</b>

    Do this only if you have not paid it. The number becomes free for others.
to_cancel_yes = Yes, cancel it
to_pay_again = 🔁 Start again
invoices = <b>Waiting for your payment</b>
invoices_none = <b>Nothing waits for your payment.</b>
invoice_line = { $number } · { $amount }

## Payments that settled nothing

attention = <b>Payments that need attention</b>
attention_none = <b>No payment needs attention.</b> Everything you sent has found its place.
attention_hint = The operator sees these payments and decides: apply them, or send them back.
attention_underpaid = You sent { $missing } too little for { $number }: { $amount } instead of { $due }.
attention_overpaid = You sent { $extra } too much for { $number }: { $amount } instead of { $due }.
attention_currency = You sent { $amount } for { $number }, but { $due } was due: another currency.
attention_late = { $amount } for { $number } came after the time to pay was over.
attention_early = { $amount } for { $number } was sent before the invoice existed.
attention_duplicate = { $amount } for { $number } came although the invoice was paid already.
attention_cancelled = { $amount } for { $number } came after the invoice was cancelled.
attention_gone = { $amount } came, but { $number } could not be given to you any more.
attention_locked = { $amount } for { $number } has arrived; the number is locked for a moment.
attention_unconfirmed = { $amount } for { $number } has arrived and is being checked.
attention_disputed = { $amount } for { $number } could not be checked: what the chain shows is contradictory.
attention_other = { $amount } for { $number } could not be matched.
outcome_exception = ⏳ waits for the operator
outcome_refund_pending = ↩️ is being sent back
outcome_refunded = ↩️ sent back
outcome_applied = ✅ accepted by the operator
outcome_written_off = kept by the operator
to_attention = ⚠️ Needs attention ({ $count })
to_attention_more = ⚠️ Needs attention ({ $count }+)

## My numbers

rentals = <b>My numbers</b>
rentals_none = <b>You have no number yet.</b>
rental_line = { $number } · { $left }
rental_line_over = { $number } · ⚠️ renew now
rental = 
    <b>{ $number }</b>

    ⏳ { $left } left, until { $until }
    Yours since { $since }
rental_grace = 
    <b>{ $number }</b>

    ⚠️ The term is over. Renew by { $until } to keep the number.
rental_offered = 📤 Offered to somebody, who can accept until { $until }.
rental_renewing = 💎 A renewal waits for your payment.
to_renew = 🔁 Renew
to_pay_renewal = 💎 Pay the renewal
to_transfer = 📤 Hand on
to_withdraw = ✖️ Take the offer back
renew = 
    <b>Renew { $number }</b>

    For how much longer?
renew_none = This number cannot be renewed at present. Please ask the support.
withdrawn = The offer has been taken back.

## Handing on

transfer = 
    <b>Hand { $number } on</b>

    Whoever accepts gets the number with all of the time that is left ({ $left }). It stays yours until then. You cannot take it back afterwards.
to_pick_person = 👤 Choose a person
to_ask_person = 🔢 Enter an id
to_ask_link = 🔗 Make a link
pick_person = Who shall get { $number }? Choose with the button below.
pick_person_button = 👤 Choose a person
pick_cancel = ✖️ Cancel
pick_over = All right.
ask_person = 
    <b>Who shall get { $number }?</b>

    Send the person’s numeric Telegram id as a message, such as <code>123456789</code>.
bad_person = This is no Telegram id. Send digits only, such as <code>123456789</code>.
offer_question = 
    <b>Offer { $number } to { $person }?</b>

    They can accept within { $time }. With the number go { $left } of paid time. Nothing is paid back to you.
to_offer = 📤 Offer it
offer_made = 
    📤 <b>{ $number } is offered.</b> It can be accepted until { $until }.

    If the person has used me before, they get a message now. Otherwise send them this link; only they can use it:
    { $link }
link_question = 
    <b>Make a link for { $number }?</b>

    <b>Whoever opens it first gets the number</b> with { $left } of paid time. It works once, within { $time }. Give it to nobody but the one who shall have the number.
to_make_link = 🔗 Make the link
link_made = 
    🔗 <b>The link for { $number }</b>, good until { $until }:

    { $link }

    Whoever opens it first can take the number.
to_copy_link = 📋 Copy the link
to_share_link = 📨 Share
share_text = A +888 number for you
offered = 
    🎁 <b>{ $number } is offered to you.</b>

    { $left } of paid time go with it, until { $until }. It costs nothing.
to_accept = ✅ Take it
to_decline = ✖️ No, thanks
accepted = ✅ <b>{ $number } is yours</b> until { $until }.
declined = You have declined the offer.

## History

history = <b>Your invoices</b>
history_none = <b>You have no invoices yet.</b>
history_rent = { $date } · { $number } · { $term } · { $amount } · { $status }
history_renew = { $date } · 🔁 { $number } · { $term } · { $amount } · { $status }
status_open = 💎 open
status_settled = ✅ paid
status_expired = ⌛ expired
status_cancelled = ✖️ cancelled
to_older = Older ▶️
to_newest = ⏮ Newest

## Help

help = 
    <b>How it works</b>

    1. Choose a free number and a term.
    2. Pay exactly the amount shown, with the comment shown, from any TON wallet. I see the payment by myself.
    3. The number is yours until the end of the term. I remind you before; renewing early loses nothing.
    4. You can hand a number on to somebody else. They get the rest of your time.

    <b>If something is odd with a payment</b>, it is kept and shown under History. Nothing that was paid is lost.

    /numbers free numbers
    /rentals my numbers
    /history invoices and payments
    /language English, русский
rules = 
    <b>Rules</b>

    • The term begins when the payment has arrived, and ends to the second after the days that you paid for.
    • After the end you can still renew for a while; then the number goes to others, and what was in its account is not yours to keep.
    • Pay exactly, with the comment, in time. Other payments are kept and decided about by the operator.
    • What the law forbids is forbidden with a rented number, too. The operator ends such rentals.
languages = <b>Language</b>
language_name = English
language_chosen = From now on in English.
command_start = Home
command_numbers = Free numbers
command_rentals = My numbers
command_history = Invoices and payments
command_help = How it works
command_rules = Rules
command_language = Language

## Refusals, by their codes

error_unavailable = The shop does not answer right now. Nothing was changed. Please try again in a moment.
error_internal = Something went wrong on our side. Please try again, or ask the support.
error_number_not_found = This number is not in the shop.
error_number_reserved = Somebody else is about to pay for this number. Choose another one, or try again later.
error_number_rented = This number is rented. Choose another one.
error_number_turnover = This number is being prepared for the next customer. Try again later.
error_number_withdrawn = This number is not offered at present. Choose another one.
error_number_restricted = This number is restricted by Telegram and not offered. Choose another one.
error_number_pending_deletion = The Telegram account of this number is being deleted. Try again later.
error_number_lost = This number is not offered at present. Choose another one.
error_number_locked = This number is being worked on. Try again in a few minutes.
error_plan_not_found = This term is not offered any more. Choose another one.
error_plan_no_price = This number has no such price any more. Choose another term.
error_currency_not_accepted = This currency is not taken any more. Choose another one.
error_term_too_long = The rental would last longer than ten years. Choose a shorter term.
error_limit_open_invoices = You have too many open invoices. Pay or cancel one first.
error_limit_numbers = You have as many numbers as one customer can have.
error_customer_banned = You cannot rent here. Please ask the support.
error_invoice_not_found = There is no such invoice.
error_invoice_settled = This invoice is paid already.
error_invoice_expired = This invoice has expired. Start again.
error_invoice_cancelled = This invoice was cancelled. Start again.
error_invoice_paid = A payment for this invoice has arrived and is being carried out.
error_rental_not_found = You do not have this number (any more).
error_rental_renewal_open = A renewal waits for payment. Pay or cancel it first.
error_rental_in_grace = The term is over. Renew before handing the number on.
error_transfer_open = This number is offered to somebody already. Take that offer back first.
error_transfer_not_found = This offer does not exist (any more). Ask the holder for a new one.
error_transfer_expired = This offer has expired. Ask the holder for a new one.
error_transfer_to_self = This number is yours already.
error_person_unknown = Nobody in Telegram has this id. Check it, or pick the person.
error_idempotency_mismatch = This question was answered already.
error_contended = Too many want the same right now. Please try again.
