"""SIP status to Q.850 cause and back (RFC 3398 sections 7.2.4.1 and 8.2.6.1), total functions both."""

from gateway.model.causes import Cause

_CAUSE_OF_STATUS = {
    400: Cause.TEMPORARY_FAILURE,
    401: Cause.CALL_REJECTED,
    403: Cause.CALL_REJECTED,
    404: Cause.UNALLOCATED_NUMBER,
    407: Cause.CALL_REJECTED,
    408: Cause.NO_USER_RESPONDING,
    410: Cause.UNALLOCATED_NUMBER,
    415: Cause.INCOMPATIBLE,
    480: Cause.NO_USER_RESPONDING,
    481: Cause.TEMPORARY_FAILURE,
    484: Cause.INVALID_NUMBER,
    486: Cause.USER_BUSY,
    487: Cause.NORMAL_CLEARING,
    488: Cause.INCOMPATIBLE,
    500: Cause.TEMPORARY_FAILURE,
    502: Cause.NETWORK_OUT_OF_ORDER,
    503: Cause.TEMPORARY_FAILURE,
    504: Cause.RECOVERY_ON_TIMER,
    600: Cause.USER_BUSY,
    603: Cause.CALL_REJECTED,
    604: Cause.UNALLOCATED_NUMBER,
    606: Cause.INCOMPATIBLE,
}

_STATUS_OF_CAUSE = {
    Cause.UNALLOCATED_NUMBER: 404,
    Cause.NORMAL_CLEARING: 480,
    Cause.USER_BUSY: 486,
    Cause.NO_USER_RESPONDING: 480,
    Cause.NO_ANSWER: 480,
    Cause.CALL_REJECTED: 403,
    Cause.DESTINATION_OUT_OF_ORDER: 502,
    Cause.INVALID_NUMBER: 484,
    Cause.NORMAL_UNSPECIFIED: 480,
    Cause.NO_CIRCUIT: 503,
    Cause.NETWORK_OUT_OF_ORDER: 503,
    Cause.TEMPORARY_FAILURE: 503,
    Cause.CONGESTION: 503,
    Cause.BEARER_NOT_AVAILABLE: 503,
    Cause.INCOMPATIBLE: 488,
    Cause.RECOVERY_ON_TIMER: 504,
    Cause.INTERWORKING: 500,
}


def cause_of_status(status: int) -> Cause:
    """Why a party that answered ``status`` (300..699) cannot be had."""
    return _CAUSE_OF_STATUS.get(status, Cause.INTERWORKING)


def status_of_cause(cause_q850: int) -> int:
    """The final response that tells a caller ``cause_q850``; 480 for causes without a row."""
    try:
        return _STATUS_OF_CAUSE[Cause(cause_q850)]
    except (ValueError, KeyError):
        return 480


def reason_header(cause_q850: int) -> str:
    """Value of the Reason header for a cause (RFC 3326)."""
    return f"Q.850;cause={cause_q850}"
