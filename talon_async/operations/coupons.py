"""Operations on coupon reservations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from talon_async._endpoint import delete, get, post

if TYPE_CHECKING:
    from talon_async.models import CouponReservations, CouponWithReservations, GetReservedCustomersResponse


class Coupons:
    """Operations on coupons."""

    @post("/v1/coupon_reservations/{coupon_value}")
    async def create_coupon_reservation(self, coupon_value: str, body: CouponReservations) -> CouponWithReservations:
        """Reserve a coupon for customers, which adds it to their inventory.

        The answer holds the reservations with their times if the server has API release 26.19 or later.
        A reservation alone does not prevent other customers from using the coupon. After an unknown outcome it is not
        repeated by itself.

        Args:
            coupon_value: the code.
            body: your IDs of the customers, at most 1000.

        Raises:
            NotFoundError: there is no such coupon.

        See https://docs.talon.one/integration-api#tag/Coupons/operation/createCouponReservation
        """
        ...

    @delete("/v1/coupon_reservations/{coupon_value}")
    async def delete_coupon_reservation(self, coupon_value: str, body: CouponReservations) -> None:
        """Remove the reservations of a coupon for these customers.

        Args:
            coupon_value: the code.
            body: your IDs of the customers, at most 1000.

        Raises:
            NotFoundError: there is no such coupon.

        See https://docs.talon.one/integration-api#tag/Coupons/operation/deleteCouponReservation
        """
        ...

    @get("/v1/coupon_reservations/customerprofiles/{coupon_value}")
    async def get_reserved_customers(self, coupon_value: str) -> GetReservedCustomersResponse:
        """Return the customers for whom a coupon is reserved, all in one answer without pages.

        The answer holds the time of each reservation if the server has API release 26.19 or later.

        Args:
            coupon_value: the code.

        Raises:
            NotFoundError: there is no such coupon.

        See https://docs.talon.one/integration-api#tag/Coupons/operation/getReservedCustomers
        """
        ...
