"""Parts of a document that the package deliberately lacks or has in another form, with the reasons."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools.contract.findings import Group

if TYPE_CHECKING:
    from tools.contract.findings import Key

YES_NO = "the words yes and no, which a stub takes as a boolean"
ONLY_TRUE = "the text beside it lets it be true only"

KNOWN_GAPS: dict[Key, str] = {
    (Group.PARAMETER, "createReferralsForMultipleAdvocates.silent"): YES_NO,
    (Group.PARAMETER, "trackEventV2.silent"): YES_NO,
    (Group.PARAMETER, "trackEventV3.silent"): YES_NO,
    (Group.PARAMETER, "updateCustomerProfilesV2.silent"): YES_NO,
    (Group.PARAMETER, "getLoyaltyCardTransactions.awaitsActivation"): ONLY_TRUE,
    (Group.PARAMETER, "getLoyaltyProgramProfileTransactions.awaitsActivation"): ONLY_TRUE,
    (Group.REQUIRED, "CatalogAction.type"): "it follows from the class of the payload",
    (Group.REQUIRED, "IntegrationEventV2Request.profileId"): "required after all: the text of trackEventV2 says so",
    (Group.TYPE, "Event.effects"): "lists of four elements, read as EventEffect",
    (Group.TYPE, "EventV3.effects"): "lists of four elements, read as EventEffect",
    (Group.TYPE, "LedgerEntry.amount"): "an integer on paper only: points have decimals",
}
"""The only way to be silent about a finding. One that is a gap no longer is reported."""

EXAMPLES_ONLY: dict[Key, str] = {
    (Group.EXAMPLE, "CampaignNotification.data"): "another notification, whose example has this one's type",
    (Group.EXAMPLE, "GenerateLoyaltyCard.attributes"): "no schema of a card has attributes",
}
"""The names that stand in an example and that no model knows, and why; the same rules as above."""

STAND_INS = {"LoyaltyProgramBalance": "LedgerInfo"}
"""Schemas without a class of their own, because another class holds all their properties."""
