"""A server of docs/shop-api.md over real HTTP, for tests: any shop behind it, and failures on request.

It is also the shortest example of what a business has to offer.
"""

from __future__ import annotations

import json
import threading
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Callable, Literal
from urllib.parse import unquote

from actions.shop import Shop, ShopRefuses, ShopUnavailable
from actions.shop_invoice import Address
from actions.shop_json import Malformed, decode, encode

# What may go wrong with a request: no answer, the connection closed before or after the work was done, 200 with no
# JSON, 200 with other JSON; or a status, answered with a page as a proxy would.
Fault = Literal["hang", "close", "close_after_work", "garbage", "other_json"] | int
Answer = tuple[int, Any]


class ShopServer:
    """``with ShopServer(shop) as server``: answers at ``server.url`` with what ``shop`` says."""

    def __init__(self, shop: Shop, token: str | None = None) -> None:
        self.shop = shop
        self.token = token
        self.faults: deque[Fault] = deque()  # one a request, in order
        self.seen: list[str] = []  # method and path of each request
        self._ended = threading.Event()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}/api"

    def __enter__(self) -> ShopServer:
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._ended.set()
        self._http.shutdown()
        self._http.server_close()

    def hang(self) -> None:
        """Do not answer while the server is up."""
        self._ended.wait(60)

    def answer(self, method: str, path: str, body: Any) -> Answer:
        try:
            return 200, self._content(method, path.removeprefix("/api/").split("/"), body)
        except ShopRefuses as refusal:
            status = 404 if refusal.code == "unknown_order" else 409
            return status, {"error": {"code": refusal.code, "message": refusal.message}}
        except ShopUnavailable as error:
            return 503, {"error": {"code": "unavailable", "message": str(error)}}
        except LookupError as error:
            return 404, {"error": {"code": "not_found", "message": str(error)}}
        except (Malformed, TypeError) as error:
            return 400, {"error": {"code": "malformed", "message": str(error)}}

    def _content(self, method: str, path: list[str], body: Any) -> Any:
        shop = self.shop
        match method, [unquote(part) for part in path]:
            case "GET", ["orders", number]:
                order = shop.order(number)
                if order is None:
                    raise ShopRefuses("unknown_order", f"There is no order {number}.")
                return {"order": encode(order)}
            case "GET", ["customers", phone, "orders"]:
                return {"orders": encode(shop.orders_of(phone))}
            case "GET", ["customers", phone, "account"]:
                return {"account": encode(shop.account(phone))}
            case "POST", ["orders", number, "cancel"]:
                return {"order": encode(shop.cancel(number))}
            case "PUT", ["orders", number, "address"]:
                return {"order": encode(shop.change_address(number, decode(Address, body, "address")))}
            case "PUT", ["orders", number, "lines", sku]:
                return {"order": encode(shop.change_quantity(number, sku, body["quantity"]))}
            case "PUT", ["orders", number, "returns", sku]:
                return {"return": encode(shop.open_return(number, sku, body["reason"]))}
            case "GET", ["orders", number, ("refund" | "invoice" | "payment") as what]:
                ask: Callable[[str], Any] = getattr(shop, what)
                return {what: encode(ask(number))}
        raise LookupError(f"{method} {'/'.join(path)}")


def _handler(server: ShopServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body in one packet: in two, the second waits 40 ms for the first one's receipt

        def _serve(self) -> None:
            server.seen.append(f"{self.command} {self.path}")
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            if server.token and self.headers.get("Authorization") != f"Bearer {server.token}":
                self._send(401, '{"error": {"code": "unauthorized", "message": "The token is wrong."}}')
            elif server.faults:
                self._fail(server.faults.popleft(), body)
            else:
                status, content = server.answer(self.command, self.path, body)
                self._send(status, json.dumps(content))

        do_GET = do_POST = do_PUT = _serve

        def _fail(self, fault: Fault, body: Any) -> None:
            if fault == "hang":
                server.hang()
            if fault == "close_after_work":
                server.answer(self.command, self.path, body)
            if isinstance(fault, int):
                self._send(fault, "<html>An error page</html>")
            elif fault in ("garbage", "other_json"):
                self._send(200, '{"order": {"number": 1042}}' if fault == "other_json" else '{"order": ')
            else:
                self.close_connection = True

        def _send(self, status: int, text: str) -> None:
            content = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            if 300 <= status < 400:
                self.send_header("Location", f"{server.url}/orders/1042")
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing: a test's output shows what it asserts."""

    return Handler
