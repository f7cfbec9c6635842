## What customers are told without asking

letter_rented = 
    ✅ <b>{ $number } is yours</b> until { $until }.

    The payment has arrived. Thank you!
letter_renewed = 
    ✅ <b>{ $number } is renewed</b> until { $until }.

    The payment has arrived. Thank you!
letter_seen = 👀 <b>Your payment of { $amount } has arrived.</b> The number is locked for a moment; after that the payment is carried out by itself.
letter_checking = 👀 <b>Your payment of { $amount } has arrived.</b> It is being checked with another source of the chain; after that it is carried out by itself.
letter_odd = 
    ⚠️ <b>A payment needs attention</b>

    { $what }

    Nothing is lost: the operator sees it and decides.
letter_applied = ✅ <b>Your payment of { $amount } was accepted</b> by the operator.
letter_refund_pending = ↩️ <b>Your payment of { $amount } is being sent back.</b>
letter_refunded = ↩️ <b>Your payment of { $amount } was sent back.</b>
letter_written_off = <b>Your payment of { $amount } was closed</b> by the operator. If you do not agree, ask the support.
letter_extended = 🎁 <b>{ $number } is yours for longer:</b> until { $until }.
letter_reminder = 
    ⏰ <b>{ $number }: { $left } left</b>

    The rental ends on { $until }. Renew in time; you lose no second.
letter_grace = 
    ⚠️ <b>The term of { $number } is over.</b>

    You can still renew until { $until }. After that the number goes to others.
letter_ended = 
    <b>The rental of { $number } has ended.</b>

    The number goes to others now. There are more where it came from.
letter_revoked = <b>The operator has ended your rental of { $number }.</b> If you do not know why, ask the support.
letter_offered = 
    🎁 <b>{ $number } is offered to you.</b>

    You can take it until { $until }. It costs nothing.
letter_handed_on = 📤 <b>{ $number } has been taken.</b> It is not yours any more.
letter_declined = <b>The offer of { $number } was declined.</b> The number stays yours.
letter_offer_expired = <b>The offer of { $number } has expired.</b> Nobody took it; the number stays yours.
letter_withdrawn = <b>The offer of { $number } was taken back.</b>
letter_to_number = 🔑 Open
letter_to_renew = 🔁 Renew
letter_to_browse = 📞 Free numbers
letter_to_offer = 🎁 See the offer
letter_to_attention = ⚠️ Payments that need attention

## News

news_stop = 🔕 No more news
news_start = 🔔 News again
news_stopped = You get no more news. Messages about your numbers and payments come as before.
news_started = You get news again.
