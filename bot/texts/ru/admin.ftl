## Панель

admin_panel =
    <b>Операторы</b>

    Свободно: { $available }
    В аренде: { $held }
    Платежей к решению: { $odd }
admin_chain_behind = ⚠️ Блокчейн прочитан только до { $until }. Более поздние платежи пока не видны.
admin_to_panel = 🛠 Операторы
admin_to_back = ◀️ Назад
admin_to_pool = 🔢 Номера
admin_to_add = ➕ Добавить номера
admin_to_held = 🔑 Аренды
admin_to_idle = ⏸ Не предлагаются
admin_to_find = 🔎 Найти номер
admin_to_customer = 👤 Клиент
admin_to_payments = ⚖️ Платежи к решению ({ $count })
admin_to_figures = 📊 Статистика
admin_to_trail = 🧾 Журнал
admin_to_news = 📣 Рассылка
admin_to_admins = 👥 Администраторы
admin_to_first = ⏮ В начало
admin_to_next = Дальше ▶️
admin_none = Здесь пусто.
admin_done = Готово.
admin_answered = На этот вопрос уже ответили.
admin_refused =
    <b>Не выполнено.</b>

    { $why }
admin_to_keep = Нет, оставить
command_admin = Операторы

## Номера

admin_pool = <b>Все номера</b>
admin_held = <b>Номера у клиентов</b>
admin_idle = <b>Номера, которые не предлагаются</b>
admin_pool_line = { $number } · { $state }
admin_state = { $state ->
    [available] 🟢 свободен
    [reserved] 🟡 забронирован
    [rented] 🔴 в аренде
    [grace] 🟠 отсрочка
    [turnover] 🧹 подготовка
    [withdrawn] ⏸ снят
    [restricted] ⛔ ограничен
    [pending_deletion] 🗑 удаляется
    [lost] ❗ не наш
   *[other] { $state }
}
admin_number =
    <b>{ $number }</b>
    { $state }
    Тарифы: { $plans }
admin_plan = { $term } = { $price }
admin_no_plans = нет
admin_holder = У клиента <code>{ $customer }</code> до { $until }
admin_reserved = Забронирован для <code>{ $customer }</code> до { $until }
admin_turnover = Готовится до { $until }
admin_turnover_waits = Ждёт вас: завершите сеансы, проверьте номер и снова предложите его.
admin_locked = 🔒 Заблокирован до { $until }
admin_to_price = 💰 Цены
admin_to_withdraw = ⏸ Снять
admin_to_restore = ▶️ Снова предлагать
admin_to_lock = 🔒 { $minutes } мин
admin_to_unlock = 🔓 Разблокировать
admin_lock_not_here = Эта блокировка поставлена не отсюда. Она закончится сама или там, где её поставили.
admin_to_extend = ➕ Продлить
admin_to_revoke = ✖️ Завершить аренду
admin_extend = <b>{ $number }</b>: сколько времени добавить бесплатно?
admin_more_question = Добавить владельцу <b>{ $number }</b> { $term } бесплатно?
admin_yes_more = Да, добавить
admin_withdraw_question = Снять <b>{ $number }</b> с аренды? У того, кто его арендует, он останется до конца срока.
admin_yes_withdraw = Да, снять
admin_revoke_question =
    <b>Завершить аренду { $number } сейчас?</b>

    <code>{ $customer }</code> оплатил её до { $until } и сразу потеряет номер.
admin_yes_revoke = Да, завершить
admin_added = { $count ->
    [one] Добавлен { $count } номер.
    [few] Добавлено { $count } номера.
   *[other] Добавлено { $count } номеров.
}
admin_not_added = ✖️ { $number }: { $why }

## Вопросы

admin_ask_number = <b>Какой номер?</b> Пришлите его сообщением в любом виде.
admin_bad_number = Это не номер +888. Пришлите, например, <code>+888 0123 4567</code>.
admin_ask_add =
    <b>Какие номера и по какой цене?</b> Пришлите номера по одному в строке, а ниже тарифы для всех:

    <code>+888 0123 4567
    +888 0123 4568
    30d=10 7d=3</code>
admin_bad_add = Не удалось прочитать. До 100 номеров по одному в строке и хотя бы один тариф вида <code>30d=10</code> (30 дней за 10 { $currency }).
admin_ask_price =
    <b>По какой цене предлагать { $number }?</b> Пришлите все тарифы, например

    <code>7d=3 30d=10 90d=25</code>

    Открытые счета сохранят свою цену.
admin_bad_price = Не удалось прочитать. Пришлите тарифы вида <code>7d=3 30d=10</code>.
admin_ask_customer = <b>Какой клиент?</b> Пришлите числовой id в Telegram.
admin_ask_appoint = <b>Кого назначить администратором?</b> Пришлите числовой id в Telegram. Администраторы могут здесь всё, кроме назначения администраторов.
admin_bad_user = Это не id в Telegram. Пришлите только цифры, например <code>123456789</code>.
admin_ask_news = <b>Что сообщить всем клиентам?</b> Пришлите текст. Перед отправкой вы его увидите.
admin_long_news = Слишком длинно. Пришлите не больше { $most } символов.

## Платежи

admin_payments = <b>Платежи, требующие решения</b>
admin_payment_line = { $amount } · { $what }
admin_reason = { $reason ->
    [underpaid] слишком мало
    [overpaid] слишком много
    [wrong_currency] другая валюта
    [late] слишком поздно
    [early] слишком рано
    [duplicate] оплачено дважды
    [cancelled] счёт отменён
    [unknown_payload] неизвестный комментарий
    [no_comment] нет комментария
    [unreadable_comment] нечитаемый комментарий
    [unreadable_message] не прочитать
    [number_gone] номер недоступен
    [number_locked] номер заблокирован
    [unconfirmed] пока есть только у одного источника
    [disputed] источники противоречат друг другу
   *[other] { $reason }
}
admin_outcome = { $outcome ->
    [settled] зачтён
    [exception] ждёт решения
    [applied] принят
    [refund_pending] к возврату
    [refunded] возвращён
    [written_off] оставлен
    [deposit] собственный
   *[other] { $outcome }
}
admin_payment =
    <b>{ $amount }</b>, { $at }
    От: <code>{ $sender }</code>
    Комментарий: <code>{ $comment }</code>
    Транзакция: <code>{ $tx }</code>
admin_payment_invoice = За { $number }, счёт на { $due }, <code>{ $customer }</code>
admin_payment_reason = Что не так: { $reason }
admin_payment_outcome = Решение: { $outcome }
admin_refund_how = Верните платёж кнопкой ниже, затем отметьте это. У магазина нет ключей, сам он ничего не отправляет. Отправителем может быть биржа, где деньги дойдут только с личным мемо клиента: сначала спросите.
admin_to_wallet = 💎 Вернуть
admin_to_apply = ✅ Принять
admin_to_refund = ↩️ Вернуть
admin_to_refunded = ✔️ Возвращён
admin_to_write_off = 🗄 Оставить
admin_apply_question = Принять { $amount }, как если бы счёт был оплачен правильно? Клиент получит то, за что платил.
admin_refund_question = Вернуть { $amount }? Вы получите ссылку; сама собой отправка не произойдёт.
admin_refunded_question = Вы вернули { $amount }?
admin_write_off_question = Оставить { $amount } и закрыть вопрос? Клиенту сообщат.

## Клиенты и администраторы

admin_customer =
    <b>Клиент</b> <code>{ $user }</code>
    Номеров: { $numbers }
    Открытых счетов: { $invoices }
admin_banned = ⛔ Заблокирован с { $at }
admin_to_ban = ⛔ Заблокировать
admin_to_unban = ✅ Снять блокировку
admin_ban_question = Заблокировать <code>{ $user }</code>? Оплаченное останется, но нового клиент не получит.
admin_admins =
    <b>Администраторы</b>

    Владелец: <code>{ $owner }</code>
admin_to_dismiss = ✖️ { $user }
admin_to_appoint = ➕ Назначить
admin_appoint_question = Назначить <code>{ $user }</code> администратором? Администраторы могут здесь всё, кроме назначения администраторов.
admin_appoint_unknown = ⚠️ Никто с таким id ещё не пользовался ботом. Проверьте его.
admin_yes_appoint = Да, назначить
admin_dismiss_question = Сразу лишить <code>{ $user }</code> всех прав?
admin_yes_dismiss = Да, лишить

## Статистика и журнал

admin_figures = <b>Номера</b>
admin_figure = { $what }: { $count }
admin_figure_payments =
    { "" }
    <b>Платежи</b>
admin_figure_sum = { $count } ({ $sum })
admin_figure_rest =
    { "" }
    Клиентов: { $customers }
    Недоставленных сообщений: { $dead }
admin_trail = <b>Действия операторов</b>
admin_trail_line =
    { $at } · <code>{ $actor }</code>
    { $action } { $object } { $detail }

## Рассылка

admin_no_news = <b>Рассылки нет.</b>
admin_preview = { $count ->
    [one] <b>Это получит { $count } пользователь.</b> Кто отказался от новостей, не получит.
    [few] <b>Это получат { $count } пользователя.</b> Кто отказался от новостей, не получит.
   *[other] <b>Это получат { $count } пользователей.</b> Кто отказался от новостей, не получит.
}
admin_to_send = 📣 Отправить всем
admin_to_other_text = ✏️ Другой текст
admin_to_write = ✏️ Написать
admin_to_stop = ⏹ Остановить
admin_to_refresh = 🔄 Обновить
admin_draft_gone = Текст не сохранился. Пришлите его снова.
admin_news_running = Другая рассылка ещё идёт. Подождите или остановите её.
admin_news_goes_on = 📣 <b>Рассылка идёт.</b>
admin_news_over = ✅ <b>Рассылка закончена.</b>
admin_news_stopped = ⏹ <b>Рассылка остановлена.</b>
admin_news_figures =
    { $done } из { $total }
    Отправлено: { $sent }
    Недоступны или отказались: { $skipped }
    Не удалось: { $failed }

## Что операторам сообщают без вопроса

notice_payment = ⚖️ <b>Платёж требует решения:</b> { $amount }, { $reason }.
notice_payment_for = ⚖️ <b>Платёж требует решения:</b> { $amount } за { $number }, { $reason }.
notice_refund_differs = ⚖️ <b>Отправлен платёж, похожий на возврат, но не во всём.</b> Если это возврат, отметьте, что он отправлен.
notice_turnover = 🧹 <b>{ $number } ждёт вас.</b> Завершите сеансы, проверьте номер и снова предложите его.
notice_lost = ❗ <b>{ $number } больше не принадлежит магазину</b> ({ $why }). Он не сдаётся и не продлевается.
notice_why_lost = { $ownership ->
    [ours] принадлежит
    [foreign] принадлежит другому
    [auction] продаётся
    [not_minted] такого NFT нет
   *[other] { $ownership }
}
notice_regained = ✅ <b>{ $number } снова принадлежит магазину.</b>
notice_chain_stalled = 🚨 <b>Блокчейн не читается</b> с { $until }. Платежи не видны; ничего не потеряно и не освобождено. Проверьте провайдера.
notice_chain_recovered = ✅ <b>Блокчейн снова читается</b>, до { $until }.
notice_dead_letter = 🚨 <b>Сообщение не доставлено</b> ({ $group }, событие { $seq }): { $reason }
notice_to_payment = ⚖️ Решить
notice_to_number = 🔢 Номер

## Отказы по их кодам

admin_error_access_denied = Вам это не разрешено.
admin_error_number_not_found = Этого номера нет в магазине.
admin_error_number_exists = Этот номер уже есть в магазине.
admin_error_number_listed = Этот номер уже предлагается.
admin_error_number_withdrawn = Этот номер уже снят.
admin_error_number_lost = По данным блокчейна этот номер не принадлежит магазину.
admin_error_number_locked = Номер заблокирован. Разблокируйте его там, где заблокировали, или подождите.
admin_error_number_gone = Номер больше нельзя отдать этому клиенту. Верните платёж.
admin_error_rental_not_found = Этот номер никто не арендует.
admin_error_plan_invalid = Тарифы противоречат друг другу. Укажите каждый срок один раз с ценой больше нуля.
admin_error_customer_not_banned = Этот клиент не заблокирован.
admin_error_payment_not_found = Такого платежа нет.
admin_error_payment_decided = По этому платежу уже принято решение.
admin_error_payment_waiting = Этот платёж зачтётся сам, когда снимут блокировку.
admin_error_payment_refund_not_pending = Этот платёж не возвращается.
admin_error_invoice_not_named = В платеже не указан счёт. Примите его через admin-cli для нужного счёта.
admin_error_admin_not_found = Это не назначенный администратор.
admin_error_admin_exists = Это уже администратор.
