//! What customers are told without asking.

messages! { LETTERS:
    letter_rented(number, until);
    letter_renewed(number, until);
    letter_seen(amount);
    letter_checking(amount);
    letter_odd(what);
    letter_applied(amount);
    letter_refund_pending(amount);
    letter_refunded(amount);
    letter_written_off(amount);
    letter_extended(number, until);
    letter_reminder(number, left, until);
    letter_grace(number, until);
    letter_ended(number);
    letter_revoked(number);
    letter_offered(number, until);
    letter_handed_on(number);
    letter_declined(number);
    letter_offer_expired(number);
    letter_withdrawn(number);
    letter_to_number();
    letter_to_renew();
    letter_to_browse();
    letter_to_offer();
    letter_to_attention();
    news_stop();
    news_start();
    news_stopped();
    news_started();
}
