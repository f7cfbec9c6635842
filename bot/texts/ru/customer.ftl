## Везде

oops = Что-то пошло не так. Попробуйте ещё раз.
stale_button = Эта кнопка устарела. Вот свежий экран.
broken_link = <b>Эту ссылку не прочитать.</b> Она неполная или с ошибкой. Откройте её ещё раз там, где получили, или попросите новую.
not_there = Этого здесь больше нет, или это не ваше.
too_fast = { $seconds ->
    [one] Слишком быстро. Подождите { $seconds } секунду.
    [few] Слишком быстро. Подождите { $seconds } секунды.
   *[many] Слишком быстро. Подождите { $seconds } секунд.
}
told_to_wait = { $seconds ->
    [one] Telegram просит подождать { $seconds } секунду. Потом нажмите ещё раз.
    [few] Telegram просит подождать { $seconds } секунды. Потом нажмите ещё раз.
   *[other] Telegram просит подождать { $seconds } секунд. Потом нажмите ещё раз.
}
only_in_private = Номера сдаются в личном чате со мной.
open_private_chat = Открыть личный чат
to_home = 🏠 Главная
to_back = ◀️ Назад
to_cancel = ✖️ Отмена
to_close = ✖️ Закрыть
to_support = 💬 Поддержка
to_browse = 📞 Свободные номера
page_of = { $page } / { $pages }
page_before = ◀️
page_after = ▶️
term_days = { $days ->
    [one] { $days } день
    [few] { $days } дня
   *[many] { $days } дней
}
span_days = { $days ->
    [one] { $days } день
    [few] { $days } дня
   *[many] { $days } дней
}
span_days_hours = { $days } д { $hours } ч
span_hours_minutes = { $hours } ч { $minutes } мин
span_minutes = { $minutes } мин
span_moment = меньше минуты

## Главная

home = 
    <b>Анонимные номера +888</b>

    Арендуйте номер Telegram на любой срок и платите в { $currency }. Без имён и SIM-карт.
either = { $one } или { $other }
home_held = { $count ->
    [one] У вас <b>{ $count }</b> номер.
    [few] У вас <b>{ $count }</b> номера.
   *[many] У вас <b>{ $count }</b> номеров.
}
home_open = { $count ->
    [one] <b>{ $count }</b> счёт ждёт вашей оплаты.
    [few] <b>{ $count }</b> счёта ждут вашей оплаты.
   *[many] <b>{ $count }</b> счетов ждут вашей оплаты.
}
to_rentals = 🔑 Мои номера
to_rentals_count = 🔑 Мои номера ({ $count })
to_invoices = 💎 К оплате ({ $count })
to_history = 🧾 История
to_help = ❓ Помощь
to_rules = 📜 Правила
to_languages = 🌐 Язык

## Список номеров

browse = { $count ->
    [one] <b>{ $count } свободный номер</b>
    [few] <b>{ $count } свободных номера</b>
   *[many] <b>{ $count } свободных номеров</b>
}
browse_more = <b>Первые свободные номера ({ $count })</b>. Остальные — после последней страницы; или ищите по цифрам.
browse_on = <b>Следующие свободные номера ({ $count })</b>
browse_end = <b>Это были все свободные номера.</b>
to_more_numbers = Ещё номера ⏩
to_first_numbers = ⏮ Первые номера
browse_none = <b>Подходящих свободных номеров нет.</b> Поищите другие или зайдите позже: номера освобождаются постоянно.
browse_empty = <b>Сейчас свободных номеров нет.</b> Зайдите немного позже: номера освобождаются постоянно.
filter_term = на { $term }
filter_most = до { $price }
filter_digits = с { $pattern }
filter_chosen = Только: { $filters }
number_from = { $number } · от { $price }
number_at = { $number } · { $price }
to_search = 🔎 Поиск
to_narrow = ⚙️ Срок и цена
to_all = ✖️ Показать все
narrow = <b>Какие номера показать?</b>
narrow_any_term = Любой срок
narrow_any_price = Любая цена
narrow_term = { $term }
narrow_price = ≤ { $price }
chosen = ✅ { $what }
to_show_list = Показать номера
ask_digits = 
    <b>Какие цифры?</b> Отправьте их сообщением.

    <code>777</code> — в любом месте номера
    <code>0123*</code> — в начале
    <code>*88</code> — в конце
    <code>0?0? ????</code> — <code>?</code> это одна цифра, <code>*</code> — любые
bad_pattern = По этому искать нельзя. Отправьте, например, <code>777</code>, <code>0123*</code> или <code>*88</code>.

## Номер

number_free = 
    <b>{ $number }</b>

    🟢 Свободен. На какой срок?
number_unpriced = 
    <b>{ $number }</b>

    Сейчас не сдаётся.
number_yours = 
    <b>{ $number }</b>

    🔑 Это ваш номер.
number_reserved_by_you = 
    <b>{ $number }</b>

    💎 У вас есть счёт на этот номер.
number_unavailable = 
    <b>{ $number }</b>

    🔴 { $why }
plan = { $term } — { $price }
to_rental = 🔑 Открыть
to_pay = 💎 Оплатить

## Вопрос перед счётом

quote_rent = 
    <b>Арендовать { $number }?</b>

    Срок: { $term }
    Цена: <b>{ $price }</b>

    Когда вы продолжите, номер и цена закрепятся за вами на { $time }. Оплачивая, вы принимаете правила.
quote_renew = 
    <b>Продлить { $number }?</b>

    Ещё { $term }, как минимум до { $until }
    Цена: <b>{ $price }</b>

    Ни секунды не пропадёт: новый срок начнётся там, где кончается нынешний. Когда вы продолжите, цена закрепится на { $time }.
to_order = 💎 Перейти к оплате
price_changed = Цена за это время изменилась. Вот новая.

## Оплата

pay_rent = <b>Оплатите { $amount }</b> за { $number }, { $term }
pay_renew = <b>Оплатите { $amount }</b> за продление { $number }, { $term }
pay_how = 
    Кому: <code>{ $address }</code>
    Комментарий: <code>{ $comment }</code>
    Сумма: <code>{ $number }</code> { $currency }

    Ровно эта сумма и этот комментарий, одним переводом. Без комментария платёж не найдёт свой счёт.
pay_time = ⏳ Осталось <b>{ $left }</b>, до { $until }
pay_watching = Платёж я увижу сам, обычно за минуту. Тогда это сообщение изменится.
pay_over = 
    ⌛ <b>Время на оплату вышло.</b> Больше не оплачивайте этот счёт.

    Если вы заплатили вовремя, всё в порядке: сообщение изменится, как только платёж будет виден.
pay_seen = 
    👀 <b>Платёж пришёл.</b>

    Он проводится. Сообщение изменится само.
pay_done_rent = 
    ✅ <b>{ $number } ваш</b> до { $until }.

    Он в разделе «Мои номера».
pay_done_renew = ✅ <b>{ $number } продлён</b> до { $until }.
pay_done = ✅ <b>Этот счёт за { $number } оплачен.</b>
pay_expired = ⌛ <b>Срок счёта за { $number } истёк.</b> Вовремя оплаты не было. Если вы заплатили позже, оператор это видит и решит.
pay_cancelled = ✖️ <b>Счёт за { $number } отменён.</b> Не оплачивайте его.
pay_qr = { $amount } · { $number }
wallet = 💎 { $name }
to_copy_address = 📋 Адрес
to_copy_comment = 📋 Комментарий
to_copy_amount = 📋 Сумма
to_qr = 🔳 QR-код
to_check = 🔄 Проверить
to_cancel_invoice = ✖️ Отменить счёт
to_try_pay = 🧪 Оплатить игрушечными монетами
try_paid = Отправлено. Придёт через несколько секунд.
ask_cancel = 
    <b>Отменить счёт за { $number }?</b>

    Только если вы его не оплатили. Номер станет доступен другим.
to_cancel_yes = Да, отменить
to_pay_again = 🔁 Начать заново
invoices = <b>Ждут вашей оплаты</b>
invoices_none = <b>Ничего не ждёт вашей оплаты.</b>
invoice_line = { $number } · { $amount }

## Платежи, которые ничего не оплатили

attention = <b>Платежи, требующие внимания</b>
attention_none = <b>Таких платежей нет.</b> Всё, что вы отправили, нашло своё место.
attention_hint = Оператор видит эти платежи и решает: зачесть их или вернуть.
attention_underpaid = За { $number } вы отправили на { $missing } меньше: { $amount } вместо { $due }.
attention_overpaid = За { $number } вы отправили на { $extra } больше: { $amount } вместо { $due }.
attention_currency = За { $number } вы отправили { $amount }, а нужно было { $due }: другая валюта.
attention_late = { $amount } за { $number }: пришло, когда время на оплату вышло.
attention_early = { $amount } за { $number }: отправлено до создания счёта.
attention_duplicate = { $amount } за { $number }: пришло, хотя счёт уже был оплачен.
attention_cancelled = { $amount } за { $number }: пришло после отмены счёта.
attention_gone = Пришло { $amount }, но { $number } уже нельзя было отдать вам.
attention_locked = { $amount } за { $number }: пришло, номер ненадолго закрыт.
attention_unconfirmed = { $amount } за { $number }: пришло и проверяется.
attention_disputed = { $amount } за { $number }: не удалось проверить, данные блокчейна противоречивы.
attention_other = { $amount } за { $number }: не удалось сопоставить.
outcome_exception = ⏳ ждёт решения оператора
outcome_refund_pending = ↩️ возвращается
outcome_refunded = ↩️ возвращён
outcome_applied = ✅ зачтён оператором
outcome_written_off = оставлен оператором
to_attention = ⚠️ Требуют внимания ({ $count })
to_attention_more = ⚠️ Требуют внимания ({ $count }+)

## Мои номера

rentals = <b>Мои номера</b>
rentals_none = <b>У вас пока нет номеров.</b>
rental_line = { $number } · { $left }
rental_line_over = { $number } · ⚠️ продлите сейчас
rental = 
    <b>{ $number }</b>

    ⏳ Осталось { $left }, до { $until }
    Ваш с { $since }
rental_grace = 
    <b>{ $number }</b>

    ⚠️ Срок вышел. Продлите до { $until }, чтобы сохранить номер.
rental_offered = 📤 Предложен другому человеку, который может принять до { $until }.
rental_renewing = 💎 Продление ждёт вашей оплаты.
to_renew = 🔁 Продлить
to_pay_renewal = 💎 Оплатить продление
to_transfer = 📤 Передать
to_withdraw = ✖️ Отозвать предложение
renew = 
    <b>Продлить { $number }</b>

    На сколько?
renew_none = Сейчас этот номер продлить нельзя. Напишите в поддержку.
withdrawn = Предложение отозвано.

## Передача

transfer = 
    <b>Передать { $number }</b>

    Тот, кто примет, получит номер со всем оставшимся временем ({ $left }). До этого он остаётся вашим. Вернуть его потом нельзя.
to_pick_person = 👤 Выбрать человека
to_ask_person = 🔢 Ввести id
to_ask_link = 🔗 Создать ссылку
pick_person = Кому передать { $number }? Выберите кнопкой внизу.
pick_person_button = 👤 Выбрать человека
pick_cancel = ✖️ Отмена
pick_over = Хорошо.
ask_person = 
    <b>Кому передать { $number }?</b>

    Отправьте числовой Telegram id человека сообщением, например <code>123456789</code>.
bad_person = Это не Telegram id. Отправьте только цифры, например <code>123456789</code>.
offer_question = 
    <b>Предложить { $number } пользователю { $person }?</b>

    Принять можно в течение: { $time }. Вместе с номером уйдёт оплаченное время: { $left }. Деньги вам не возвращаются.
to_offer = 📤 Предложить
offer_made = 
    📤 <b>{ $number } предложен.</b> Принять можно до { $until }.

    Если этот человек уже писал мне, он получит сообщение. Если нет, отправьте ему эту ссылку; она сработает только у него:
    { $link }
link_question = 
    <b>Создать ссылку на { $number }?</b>

    <b>Кто откроет её первым, тот получит номер</b> и оплаченное время: { $left }. Она сработает один раз, в течение: { $time }. Не давайте её никому, кроме того, кому отдаёте номер.
to_make_link = 🔗 Создать ссылку
link_made = 
    🔗 <b>Ссылка на { $number }</b>, действует до { $until }:

    { $link }

    Кто откроет её первым, тот сможет взять номер.
to_copy_link = 📋 Скопировать ссылку
to_share_link = 📨 Поделиться
share_text = Номер +888 для вас
offered = 
    🎁 <b>Вам предлагают { $number }.</b>

    С ним перейдёт оплаченное время: { $left }, до { $until }. Это бесплатно.
to_accept = ✅ Принять
to_decline = ✖️ Нет, спасибо
accepted = ✅ <b>{ $number } ваш</b> до { $until }.
declined = Вы отклонили предложение.

## История

history = <b>Ваши счета</b>
history_none = <b>У вас пока нет счетов.</b>
history_rent = { $date } · { $number } · { $term } · { $amount } · { $status }
history_renew = { $date } · 🔁 { $number } · { $term } · { $amount } · { $status }
status_open = 💎 открыт
status_settled = ✅ оплачен
status_expired = ⌛ истёк
status_cancelled = ✖️ отменён
to_older = Раньше ▶️
to_newest = ⏮ Новые

## Помощь

help = 
    <b>Как это работает</b>

    1. Выберите свободный номер и срок.
    2. Оплатите ровно указанную сумму с указанным комментарием из любого кошелька TON. Платёж я увижу сам.
    3. Номер ваш до конца срока. Я напомню заранее; раннее продление ничего не отнимает.
    4. Номер можно передать другому человеку. Он получит остаток вашего времени.

    <b>Если с платежом что-то не так</b>, он сохранён и виден в истории. Ничто из оплаченного не пропадает.

    /numbers свободные номера
    /rentals мои номера
    /history счета и платежи
    /language English, русский
rules = 
    <b>Правила</b>

    • Срок начинается, когда платёж пришёл, и кончается с точностью до секунды через оплаченные дни.
    • После окончания ещё некоторое время можно продлить; потом номер уходит другим, и то, что было в его аккаунте, вам больше не принадлежит.
    • Платите точно, с комментарием и вовремя. Другие платежи сохраняются, о них решает оператор.
    • Что запрещено законом, запрещено и с арендованным номером. Такие аренды оператор прекращает.
languages = <b>Язык</b>
language_name = Русский
language_chosen = Теперь по-русски.
command_start = Главная
command_numbers = Свободные номера
command_rentals = Мои номера
command_history = Счета и платежи
command_help = Как это работает
command_rules = Правила
command_language = Язык

## Отказы, по их кодам

error_unavailable = Магазин сейчас не отвечает. Ничего не изменилось. Попробуйте через минуту.
error_internal = У нас что-то сломалось. Попробуйте ещё раз или напишите в поддержку.
error_number_not_found = Такого номера в магазине нет.
error_number_reserved = Этот номер сейчас оплачивает кто-то другой. Выберите другой или попробуйте позже.
error_number_rented = Этот номер занят. Выберите другой.
error_number_turnover = Этот номер готовят для следующего клиента. Попробуйте позже.
error_number_withdrawn = Этот номер сейчас не сдаётся. Выберите другой.
error_number_restricted = Этот номер ограничен Telegram и не сдаётся. Выберите другой.
error_number_pending_deletion = Аккаунт Telegram этого номера удаляется. Попробуйте позже.
error_number_lost = Этот номер сейчас не сдаётся. Выберите другой.
error_number_locked = С этим номером идут работы. Попробуйте через несколько минут.
error_plan_not_found = Такого срока больше нет. Выберите другой.
error_plan_no_price = Такой цены у этого номера больше нет. Выберите другой срок.
error_currency_not_accepted = Эта валюта больше не принимается. Выберите другую.
error_term_too_long = Аренда длилась бы больше десяти лет. Выберите срок короче.
error_limit_open_invoices = У вас слишком много открытых счетов. Сначала оплатите или отмените один.
error_limit_numbers = У вас уже столько номеров, сколько может быть у одного клиента.
error_customer_banned = Вы не можете арендовать здесь. Напишите в поддержку.
error_invoice_not_found = Такого счёта нет.
error_invoice_settled = Этот счёт уже оплачен.
error_invoice_expired = Срок этого счёта истёк. Начните заново.
error_invoice_cancelled = Этот счёт отменён. Начните заново.
error_invoice_paid = Платёж по этому счёту пришёл и проводится.
error_rental_not_found = У вас нет этого номера (или больше нет).
error_rental_renewal_open = Продление ждёт оплаты. Сначала оплатите или отмените его.
error_rental_in_grace = Срок вышел. Продлите номер, прежде чем передавать.
error_transfer_open = Этот номер уже предложен. Сначала отзовите то предложение.
error_transfer_not_found = Такого предложения нет (или больше нет). Попросите владельца сделать новое.
error_transfer_expired = Срок этого предложения истёк. Попросите владельца сделать новое.
error_transfer_to_self = Этот номер уже ваш.
error_person_unknown = В Telegram нет пользователя с таким id. Проверьте его или выберите человека.
error_idempotency_mismatch = На этот вопрос уже ответили.
error_contended = Слишком много желающих сразу. Попробуйте ещё раз.
