"""Coupon reservations: which customers hold a coupon."""

from __future__ import annotations

from typing import TYPE_CHECKING

from talon_async._endpoint import delete, get, post

if TYPE_CHECKING:
    from talon_async.models import CouponReservations, CouponWithReservations, GetReservedCustomersResponse


class Coupons:
    """Operations on coupons."""

    @post("/v1/coupon_reservations/{coupon_value}")
    async def create_coupon_reservation(self, coupon_value: str, body: CouponReservations) -> CouponWithReservations:
        """Reserve a coupon for customers, so that it is in their inventory.

        The answer holds the reservations with their times if the server has API release 26.19 or later.
        A reservation does not by itself keep others from using the coupon. After an unknown outcome it is not repeated
        by itself.

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
        """Take back the reservations of a coupon for the customers named.

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
        """Read which customers have reserved a coupon; all at once, there are no pages.

        The answer tells when each reserved it if the server has API release 26.19 or later.

        Args:
            coupon_value: the code.

        Raises:
            NotFoundError: there is no such coupon.

        See https://docs.talon.one/integration-api#tag/Coupons/operation/getReservedCustomers
        """
        ...
