"""Words other systems write for our values, in the languages of the hub, and the currencies there are."""

from collections.abc import Mapping

NONE: Mapping[str, str] = {}


def _table(**words: str) -> Mapping[str, str]:
    return {word.strip().casefold(): value for value, all_ in words.items() for word in all_.split(",")}


STATUS = _table(
    Pending="în așteptare, in asteptare, ausstehend, offen, pendiente, ממתין, ממתינה",
    Processing="în procesare, in procesare, in bearbeitung, en proceso, בטיפול",
    Sent="shipped, dispatched, trimis, trimisă, expediat, versandt, versendet, gesendet, enviado, נשלח, נשלחה",
    Delivered="livrat, livrată, geliefert, zugestellt, entregado, נמסר, נמסרה",
    Cancelled="canceled, anulat, anulată, storniert, abgebrochen, cancelado, anulado, בוטל, בוטלה",
)
PRIORITY = _table(
    Low="scăzută, scazuta, niedrig, gering, baja, נמוכה",
    Medium="normal, medie, mittel, media, רגילה, בינונית",
    High="urgent, ridicată, ridicata, mare, hoch, dringend, alta, גבוהה",
)
PAYMENT = _table(
    unpaid="neplătit, neplatit, unbezahlt, offen, impagado, לא שולם",
    paid="plătit, platit, bezahlt, pagado, שולם",
    partly_refunded="partially refunded, rambursat parțial, teilweise erstattet, reembolsado parcialmente, הוחזר חלקית",
    refunded="rambursat, erstattet, reembolsado, הוחזר",
)
TICKET = _table(
    reserved="on hold, pending, rezervat, reserviert, reservado, reservada, שמור, הוזמן",
    valid="active, attending, confirmed, issued, checked in, valabil, activ, gültig, válido, válida, בתוקף, תקף",
    refunded="rambursat, erstattet, reembolsado, reembolsada, הוחזר",
    cancelled="canceled, void, not attending, anulat, storniert, ungültig, cancelado, cancelada, anulado, בוטל",
)
APPOINTMENT = _table(
    scheduled="booked, pending, programat, programată, geplant, gebucht, programado, reservado, נקבע, מתוכנן",
    confirmed="accepted, confirmat, confirmată, bestätigt, confirmado, confirmada, מאושר, אושר",
    completed="done, finished, attended, finalizat, finalizată, abgeschlossen, erledigt, completado, terminado, הושלם",
    cancelled="canceled, anulat, anulată, storniert, abgesagt, cancelado, cancelada, בוטל, בוטלה",
    no_show="no show, no-show, missed, absent, neprezentat, nicht erschienen, no se presentó, ausente, לא הגיע",
)

# ISO 4217, as of 2026; funds and metals left out.
_CODES = """
AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLF CLP
CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HRK HTG HUF IDR
ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP
MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG
SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UYW UZS VED VES VND VUV
WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG
"""
CURRENCIES = frozenset(_CODES.split())
