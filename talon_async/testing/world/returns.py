"""Returns: what comes back from a closed session, and sessions that are opened again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from talon_async.models import ReopenSessionResponse, Return, ReturnedCartItem, evolve
from talon_async.testing._refusal import invalid, misused, unknown
from talon_async.testing.world._effects import undone
from talon_async.testing.world._ground import APPLICATION
from talon_async.testing.world._store import Store, StoredSession
from talon_async.testing.world.sessions import Sessions, totals

if TYPE_CHECKING:
    from collections.abc import Sequence

    from talon_async.models import CartItem, CustomerSessionV2, Effect, IntegrationStateV2, ReturnIntegrationRequest


class Returns(Sessions):
    """The operations on sessions that have been closed."""

    def return_cart_items(
        self,
        customer_session_id: str,
        body: ReturnIntegrationRequest,
        *,
        dry: bool | None = None,
        run_rule_engine: bool | None = None,
    ) -> IntegrationStateV2:
        """Take items back, of each line the last units first, with the effects that were for these units.

        The effects on the session as a whole stay, unless the rule engine runs and its campaign looks again.
        """
        with self.change(dry) as store:
            known = _closed(store, customer_session_id, "closed", "partially_returned")
            session, returned = _without(known.session, body.return_.returned_cart_items)
            session = _updated(session, state="partially_returned", updated=self.now())
            # what cannot be taken back, such as a custom effect, goes on to hold
            gone = [one for one in known.valid if _was_for(one, session) and undone([one])]
            new: Sequence[Effect] = ()
            if run_rule_engine:
                outdated, new = self._looked_at_again(store, known, session, gone)
                gone += outdated
            self._count(store, session, gone, -1)
            self._count(store, session, new, 1)
            self._sold(store, session, 0, (session.total or 0) - (known.session.total or 0))
            kept = [one for one in known.valid if one not in gone]
            stored = StoredSession(session, [*undone(gone, session.profile_id or ""), *new], [*kept, *new])
            store.sessions[customer_session_id] = stored
            event = self._event(session, stored.effects, "talon_session_returned")
            self.seen(store, session.profile_id, "")
            note = self._noted(store, session, returned, event.id)
        return self._state(store, stored, event, body.response_content, return_=note)

    def reopen_customer_session(self, customer_session_id: str) -> ReopenSessionResponse:
        """Make a closed session open again; what its closing led to is taken back."""
        with self.change() as store:
            known = _closed(store, customer_session_id, "closed")
            session = _updated(known.session, state="open", updated=self.now())
            stored = self._taken_back(store, session, known.valid)
            store.sessions[customer_session_id] = stored
            self.seen(store, session.profile_id, "")
        return ReopenSessionResponse(effects=stored.effects)

    def _looked_at_again(
        self, store: Store, known: StoredSession, session: CustomerSessionV2, gone: Sequence[Effect]
    ) -> tuple[list[Effect], list[Effect]]:
        """Return what no longer holds, and what holds now, of the campaigns that look at returns."""
        held = [one for one in known.valid if one not in gone]
        campaigns = {
            one.campaign_id
            for one in known.valid
            if (stored := store.campaigns.get(one.campaign_id or 0)) is not None and stored.reevaluate_on_return
        }
        # a code that this session has used up must not be in its own way
        before = store.layer()
        self._count(before, session, known.valid, -1)
        now = [
            one
            for one in self.identified(self._judged(before, session, self.now()), held)
            if one.campaign_id in campaigns and not _was_for(one, session)
        ]
        outdated = [one for one in held if one.campaign_id in campaigns and one not in now and undone([one])]
        return outdated, [one for one in now if one not in held]

    def _noted(
        self, store: Store, session: CustomerSessionV2, returned: Sequence[ReturnedCartItem], event_id: int | None
    ) -> Return:
        profile = store.profiles.get(session.profile_id or "")
        note = Return(
            id=self.new_id(),
            created=self.now(),
            application_id=APPLICATION,
            account_id=1,
            returned_cart_items=returned,
            event_id=event_id,
            session_id=session.id,
            session_integration_id=session.integration_id,
            profile_id=profile.id if profile else None,
            profile_integration_id=session.profile_id,
        )
        store.returns[note.id or 0] = note
        return note


def _closed(store: Store, session_id: str, *states: str) -> StoredSession:
    if (known := store.sessions.get(session_id)) is None:
        raise unknown("customer session")
    if known.session.state not in states:
        raise misused("customerSessionId", f"the session is {known.session.state}, not {' or '.join(states)}")
    return known


def _updated(session: CustomerSessionV2, **changes: Any) -> CustomerSessionV2:
    return evolve(session, update_count=(session.update_count or 0) + 1, **changes)


def _without(
    session: CustomerSessionV2, returned: Sequence[ReturnedCartItem]
) -> tuple[CustomerSessionV2, list[ReturnedCartItem]]:
    """Return a session after items have come back, and these items in full."""
    if not returned:
        raise invalid("/return/returnedCartItems", "must name an item")
    items = list(session.cart_items)
    named: list[ReturnedCartItem] = []
    for index, one in enumerate(returned):
        pointer = f"/return/returnedCartItems/{index}"
        position = _position(items, one, pointer)
        item = items[position]
        left = item.remaining_quantity or 0
        units = left if one.quantity is None else one.quantity
        if not 1 <= units <= left:
            raise invalid(f"{pointer}/quantity", f"{units} of {left} that are left cannot come back")
        items[position] = evolve(
            item, returned_quantity=(item.returned_quantity or 0) + units, remaining_quantity=left - units
        )
        named.append(ReturnedCartItem(position=position, quantity=units, sku=item.sku))
    after = evolve(session, cart_items=items)
    old, new = totals(session), totals(after)
    # a total that V1 gave may be another than that of the items
    what_is_left = {name: round((getattr(session, name) or 0) - old[name] + new[name], 2) for name in old}
    return evolve(after, **what_is_left), named


def _position(items: Sequence[CartItem], one: ReturnedCartItem, pointer: str) -> int:
    """Find the line that is meant; of several with the SKU, the first of which something is left."""
    if one.position is not None:
        if not 0 <= one.position < len(items):
            raise invalid(f"{pointer}/position", f"the cart has {len(items)} lines")
        if one.sku not in (None, items[one.position].sku):
            raise invalid(f"{pointer}/sku", f"is not what stands at position {one.position}")
        return one.position
    if one.sku is None:
        raise invalid(pointer, "must name a position or an SKU")
    lines = [position for position, item in enumerate(items) if item.sku == one.sku]
    if not lines:
        raise invalid(f"{pointer}/sku", f"{one.sku} is not in the cart")
    return next((position for position in lines if items[position].remaining_quantity), lines[0])


def _was_for(one: Effect, session: CustomerSessionV2) -> bool:
    """Tell whether an effect is for a unit of the cart that has come back."""
    for prefix in ("", "cart_item_"):
        position = getattr(one.props, f"{prefix}position", None)
        if position is not None and 0 <= position < len(session.cart_items):
            left = session.cart_items[int(position)].remaining_quantity or 0
            return (getattr(one.props, f"{prefix}sub_position", None) or 0) >= left
    return False
