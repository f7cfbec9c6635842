"""The home screen and the list of free numbers, as a bot on aiogram usually shows them.

    pip install aiogram uvloop
    TELEGRAM_API_URL=… BOT_TOKEN=… python3 aiogram_bot.py NUMBERS

Asks for updates, like the bot that it is compared with. Numbers, rentals and invoices are in an SQLite file in the
current directory; a screen reads them anew, as it must when others change them.
"""

import os
import sqlite3
import sys

import uvloop
from aiogram import Bot, Dispatcher, F
from aiogram.client.default import DefaultBotProperties
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.enums import ParseMode
from aiogram.filters import CommandStart
from aiogram.filters.callback_data import CallbackData
from aiogram.types import CallbackQuery, InlineKeyboardButton, LinkPreviewOptions, Message
from aiogram.utils.keyboard import InlineKeyboardBuilder

PER_PAGE = 8
dispatcher = Dispatcher()
store = sqlite3.connect("aiogram.db", isolation_level=None)


class Go(CallbackData, prefix="go"):
    to: str
    page: int = 0


def fill(count):
    store.executescript(
        """
        PRAGMA journal_mode = WAL;
        CREATE TABLE IF NOT EXISTS numbers (number TEXT PRIMARY KEY, state TEXT, price INTEGER);
        CREATE INDEX IF NOT EXISTS by_state ON numbers (state, number);
        CREATE TABLE IF NOT EXISTS rentals (number TEXT PRIMARY KEY, customer INTEGER);
        CREATE INDEX IF NOT EXISTS by_customer ON rentals (customer);
        CREATE TABLE IF NOT EXISTS invoices (id TEXT PRIMARY KEY, customer INTEGER, status TEXT);
        CREATE INDEX IF NOT EXISTS by_status ON invoices (customer, status);
        CREATE TABLE IF NOT EXISTS languages (customer INTEGER PRIMARY KEY, language TEXT);
        """
    )
    rows = ((f"+8880{1_000_000 + n * 7919 % 9_000_000:07}", "available", 3_000_000_000) for n in range(count))
    store.executemany("INSERT OR IGNORE INTO numbers VALUES (?, ?, ?)", rows)


def one(question, *values):
    row = store.execute(question, values).fetchone()
    return row[0] if row else None


def button(text, to, page=0):
    return InlineKeyboardButton(text=text, callback_data=Go(to=to, page=page).pack())


def home(customer):
    language = one("SELECT language FROM languages WHERE customer = ?", customer) or "en"
    held = one("SELECT count(*) FROM rentals WHERE customer = ?", customer)
    waiting = one("SELECT count(*) FROM invoices WHERE customer = ? AND status = 'open'", customer)
    text = (
        "<b>Anonymous +888 numbers</b>\n\n"
        "Rent a Telegram number for as long as you like and pay in TON. No names, no SIM card."
    )
    if held:
        text += f"\n\nYou have <b>{held}</b> numbers."
    keyboard = InlineKeyboardBuilder()
    keyboard.row(button("📞 Free numbers", "browse"))
    keyboard.row(button("🔑 My numbers", "rentals"))
    if waiting:
        keyboard.row(button(f"💎 To pay ({waiting})", "invoices"))
    keyboard.row(button("🧾 History", "history"), button("❓ Help", "help"))
    keyboard.row(button("📜 Rules", "rules"), button(f"🌐 Language ({language})", "language"))
    return text, keyboard.as_markup()


def browse(page):
    count = one("SELECT count(*) FROM numbers WHERE state = 'available'")
    pages = max(1, -(-count // PER_PAGE))
    page = min(page, pages - 1)
    rows = store.execute(
        "SELECT number, price FROM numbers WHERE state = 'available' ORDER BY number LIMIT ? OFFSET ?",
        (PER_PAGE, page * PER_PAGE),
    )
    keyboard = InlineKeyboardBuilder()
    for number, price in rows:
        shown = f"{number[:4]} {number[4:8]} {number[8:]}"
        keyboard.row(button(f"{shown} · from {price // 10**9} TON", f"n{number}"))
    keyboard.row(
        button("◀️", "browse", (page - 1) % pages),
        button(f"{page + 1} / {pages}", "nothing"),
        button("▶️", "browse", (page + 1) % pages),
    )
    keyboard.row(button("🔎 Search", "search"), button("⚙️ Term and price", "narrow"))
    keyboard.row(button("🏠 Home", "home"))
    return f"<b>{count} free numbers</b>", keyboard.as_markup()


@dispatcher.message(CommandStart())
async def start(message: Message):
    text, keyboard = home(message.from_user.id)
    await message.answer(text, reply_markup=keyboard)


@dispatcher.callback_query(Go.filter(F.to == "home"))
async def to_home(query: CallbackQuery):
    text, keyboard = home(query.from_user.id)
    await query.answer()
    await query.message.edit_text(text, reply_markup=keyboard)


@dispatcher.callback_query(Go.filter(F.to == "browse"))
async def to_browse(query: CallbackQuery, callback_data: Go):
    text, keyboard = browse(callback_data.page)
    await query.answer()
    await query.message.edit_text(text, reply_markup=keyboard)


async def main():
    fill(int(sys.argv[1]))
    session = AiohttpSession(api=TelegramAPIServer.from_base(os.environ["TELEGRAM_API_URL"]))
    properties = DefaultBotProperties(
        parse_mode=ParseMode.HTML, link_preview=LinkPreviewOptions(is_disabled=True)
    )
    bot = Bot(os.environ["BOT_TOKEN"], session=session, default=properties)
    await dispatcher.start_polling(bot)


uvloop.run(main())
