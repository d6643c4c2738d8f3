"""Documents of pools that speak with each other: correlation keys, properties, subscriptions, message flows."""

from __future__ import annotations

from collections.abc import Mapping
from xml.sax.saxutils import escape, quoteattr

from tests.support.models import (
    catch,
    document,
    end,
    message,
    on_message,
    process,
    receive_task,
    start,
    throw,
    user_task,
)


def correlation_property(id: str, paths: Mapping[str, str], *, language: str = "") -> str:
    """A property; `paths`: message -> messagePath."""
    written = f" language={quoteattr(language)}" if language else ""
    retrievals = "".join(
        f'<correlationPropertyRetrievalExpression messageRef="{ref}"><messagePath{written}>{escape(path)}</messagePath>'
        "</correlationPropertyRetrievalExpression>"
        for ref, path in paths.items()
    )
    return f'<correlationProperty id="{id}">{retrievals}</correlationProperty>'


def correlation_key(id: str, *properties: str) -> str:
    refs = "".join(f"<correlationPropertyRef>{ref}</correlationPropertyRef>" for ref in properties)
    return f'<correlationKey id="{id}">{refs}</correlationKey>'


def subscription(key: str, bindings: Mapping[str, str]) -> str:
    """A subscription of a process; `bindings`: property -> dataPath."""
    bound = "".join(
        f'<correlationPropertyBinding correlationPropertyRef="{ref}"><dataPath>{escape(path)}</dataPath>'
        "</correlationPropertyBinding>"
        for ref, path in bindings.items()
    )
    return f'<correlationSubscription id="s_{key}" correlationKeyRef="{key}">{bound}</correlationSubscription>'


def collaboration(*content: str, pools: Mapping[str, str], flows: Mapping[str, str] | None = None) -> str:
    """`pools`: participant -> process ("" for a black box); `flows`: source -> target; the flow's id is `f_source`."""
    participants = "".join(
        f'<participant id="{id}"' + (f' processRef="{ref}"' if ref else "") + "/>" for id, ref in pools.items()
    )
    drawn = "".join(
        f'<messageFlow id="f_{source}" sourceRef="{source}" targetRef="{target}"/>'
        for source, target in (flows or {}).items()
    )
    return f'<collaboration id="co">{participants}{drawn}{"".join(content)}</collaboration>'


def inside(process_xml: str, content: str) -> str:
    """The process with more content (subscriptions)."""
    return process_xml.replace("</process>", content + "</process>")


BUYER = process(
    "buyer",
    *(start(), throw("offer", on_message("mOffer")), receive_task("answer", "mAnswer"), end()),
    flows="start -> offer -> answer -> end",
)
SELLER = process(
    "seller",
    *(start("begin", on_message("mOffer")), user_task("decide"), throw("reply", on_message("mAnswer")), end("done")),
    flows="begin -> decide -> reply -> done",
)
MESSAGES = message("mOffer", "offer") + message("mAnswer", "answer")
ORDER_ID = correlation_property("pOrder", {"mOffer": "orderId", "mAnswer": "order['id']"})


def market(buyer: str = BUYER, seller: str = SELLER, *, order: str = ORDER_ID, keys: str | None = None) -> bytes:
    """A buyer who sends an offer with `orderId`, and waits for the answer, which has it as `order.id`; a seller whom
    the offer starts and who answers after a user task."""
    key = correlation_key("kOrder", "pOrder") if keys is None else keys
    pools = collaboration(key, pools={"B": "buyer", "S": "seller"}, flows={"offer": "S", "reply": "answer"})
    return document(buyer, seller, roots=MESSAGES + order + pools)


def waiting(key: str = "kOrder") -> bytes:
    """A process that waits for `answer` twice, in one document with nothing but itself: the first learns the key."""
    return document(
        process(
            "p",
            *(start(), catch("first", on_message("mOffer")), catch("second", on_message("mAnswer")), end()),
            flows="start -> first -> second -> end",
        ),
        roots=MESSAGES + ORDER_ID + collaboration(correlation_key(key, "pOrder"), pools={"P": "p"}),
    )
