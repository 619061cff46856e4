"""The shop behind the HTTP API of docs/shop-api.md, so that a business can put its own system there.

Everything the API offers can be asked for twice, so every call is tried again when a failure may pass: no connection, a
connection that broke, no answer in time, 429 and 5xx.
"""

from __future__ import annotations

import threading
from typing import Any, TypeVar, cast, get_args
from urllib.parse import quote

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3.util import Retry

from actions.shop import Account, Order, Payment, Refund, RefusalCode, Return, ShopRefuses, ShopUnavailable
from actions.shop_invoice import Address, Invoice
from actions.shop_json import Malformed, decode, encode

T = TypeVar("T")

# A customer waits for the sum: three tries of these, with short pauses between them.
CONNECT_SECONDS = 2.0
ANSWER_SECONDS = 4.0
TRIES = 3
PAUSE_SECONDS = 0.2
MAY_PASS = frozenset({429, 500, 502, 503, 504})
_CODES = get_args(RefusalCode)
_UNKNOWN: tuple[RefusalCode, RefusalCode] = ("unknown_order", "unknown_item")


class HttpShop:
    """See `actions.shop.Shop` for the methods. ``url`` is where the API begins; ``token`` is sent as a bearer token."""

    def __init__(self, url: str, token: str | None = None, answer_seconds: float = ANSWER_SECONDS) -> None:
        self._url = url.rstrip("/")
        self._auth = _Bearer(token)
        self._patience = (CONNECT_SECONDS, answer_seconds)
        self._of_thread = threading.local()  # a requests session belongs to one thread

    def order(self, number: str) -> Order | None:
        try:
            return self._read(Order, "order", "GET", "/orders/{}", number)
        except ShopRefuses as refusal:
            if refusal.code == "unknown_order":
                return None
            raise

    def orders_of(self, phone: str) -> tuple[Order, ...]:
        if not phone.isdigit():  # a customer who hides the number
            return ()
        found = self._call("GET", "/customers/{}/orders", phone).get("orders")
        if not isinstance(found, list):
            raise _unreadable("GET /customers/{}/orders", "orders must be a list")
        return tuple(_decoded(Order, each, f"orders[{index}]") for index, each in enumerate(found))

    def cancel(self, number: str) -> Order:
        return self._read(Order, "order", "POST", "/orders/{}/cancel", number)

    def change_address(self, number: str, address: Address) -> Order:
        return self._read(Order, "order", "PUT", "/orders/{}/address", number, body=encode(address))

    def change_quantity(self, number: str, sku: str, quantity: int) -> Order:
        return self._read(Order, "order", "PUT", "/orders/{}/lines/{}", number, sku, body={"quantity": quantity})

    def open_return(self, number: str, sku: str, reason: str) -> Return:
        return self._read(Return, "return", "PUT", "/orders/{}/returns/{}", number, sku, body={"reason": reason})

    def refund(self, number: str) -> Refund | None:
        return self._read_optional(Refund, "refund", "/orders/{}/refund", number)

    def invoice(self, number: str) -> Invoice:
        return self._read(Invoice, "invoice", "GET", "/orders/{}/invoice", number)

    def payment(self, number: str) -> Payment:
        return self._read(Payment, "payment", "GET", "/orders/{}/payment", number)

    def account(self, phone: str) -> Account | None:
        return self._read_optional(Account, "account", "/customers/{}/account", phone) if phone.isdigit() else None

    def _read(self, kind: type[T], name: str, method: str, path: str, *parts: str, body: Any = None) -> T:
        return _decoded(kind, self._call(method, path, *parts, body=body).get(name), name)

    def _read_optional(self, kind: type[T], name: str, path: str, *parts: str) -> T | None:
        answer = self._call("GET", path, *parts)
        if name not in answer:
            raise _unreadable(f"GET {path}", f"{name} is missing")
        return None if answer[name] is None else _decoded(kind, answer[name], name)

    def _call(self, method: str, path: str, *parts: str, body: Any = None) -> dict[str, Any]:
        """The answer's JSON object. ``{}`` in the path stands for the parts; errors and logs never name them."""
        call = f"{method} {path}"
        for part, code in zip(parts, _UNKNOWN, strict=False):
            if not part.strip("."):  # in an address, dots would lead elsewhere
                raise ShopRefuses(code, "There is no such order or item.")
        url = self._url + path.format(*(quote(part, safe="") for part in parts))
        try:
            answer = self._session().request(
                method, url, json=body, auth=self._auth, timeout=self._patience, allow_redirects=False
            )
        except requests.RequestException as error:
            raise ShopUnavailable(f"The shop's API did not answer ({call}): {type(error).__name__}") from error
        return _checked(answer, call)

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._of_thread, "session", None)
        if session is None:
            session = requests.Session()
            session.mount(self._url, HTTPAdapter(max_retries=_retries()))
            session.headers["Accept"] = "application/json"
            self._of_thread.session = session
        return session


class _Bearer(AuthBase):
    """Also without a token: it keeps requests from looking for a password in the home folder."""

    def __init__(self, token: str | None) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._token:
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def _retries() -> Retry:
    return Retry(
        total=TRIES - 1,
        allowed_methods=None,  # whatever the method
        status_forcelist=MAY_PASS,
        backoff_factor=PAUSE_SECONDS,
        raise_on_status=False,
        respect_retry_after_header=False,  # it may ask for minutes: the customer is told to try later instead
    )


def _checked(answer: requests.Response, call: str) -> dict[str, Any]:
    """The JSON object of a good answer.

    Raises:
        ShopRefuses: a rule of the shop said no.
        ShopUnavailable: anything else that is no good answer.
    """
    try:
        content = answer.json()
    except ValueError:
        content = None
    if answer.ok and answer.status_code < 300:
        if not isinstance(content, dict):
            raise _unreadable(call, "it is not a JSON object")
        return content
    status = answer.status_code
    if status in (401, 403):
        raise ShopUnavailable(f"The shop's API refused our token ({call}, {status}): set SHOP_API_TOKEN")
    _raise_refusal(status, content)
    hint = "" if status in MAY_PASS or status >= 500 else ": is SHOP_API_URL right?"
    raise ShopUnavailable(f"The shop's API failed ({call}, {status}){hint}")


def _raise_refusal(status: int, content: Any) -> None:
    """Raise what the shop's rules said, if that is what this is: any page may be missing, not only an order."""
    error = content.get("error") if isinstance(content, dict) else None
    if not isinstance(error, dict) or not isinstance(error.get("message"), str):
        return
    code = error.get("code")
    if status == 409 or (status == 404 and code == "unknown_order"):
        raise ShopRefuses(cast(RefusalCode, code) if code in _CODES else "refused", error["message"])


def _decoded(kind: type[T], value: Any, name: str) -> T:
    try:
        return decode(kind, value, name)
    except Malformed as error:
        raise _unreadable(name, str(error)) from error


def _unreadable(call: str, what: str) -> ShopUnavailable:
    return ShopUnavailable(f"The shop's API gave an answer that docs/shop-api.md does not allow ({call}): {what}")
