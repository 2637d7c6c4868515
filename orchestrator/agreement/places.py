"""Names of countries and of states of the USA, as people write them after a town's name.

They tell "Paris, France" (one place) from "red, blue" (two things). A name that is missing costs
a few votes at most.
"""

_COUNTRIES = """
afghanistan albania algeria andorra angola argentina armenia australia austria azerbaijan bahamas
bahrain bangladesh barbados belarus belgium belize benin bhutan bolivia botswana brazil brunei
bulgaria burundi cambodia cameroon canada chad chile china colombia comoros congo croatia cuba
cyprus czechia denmark djibouti dominica ecuador egypt england eritrea estonia eswatini ethiopia
fiji finland france gabon gambia georgia germany ghana greece grenada guatemala guinea guyana haiti
honduras hungary iceland india indonesia iran iraq ireland israel italy jamaica japan jordan
kazakhstan kenya kiribati kosovo kuwait kyrgyzstan laos latvia lebanon lesotho liberia libya
liechtenstein lithuania luxembourg madagascar malawi malaysia maldives mali malta mauritania
mauritius mexico micronesia moldova monaco mongolia montenegro morocco mozambique myanmar namibia
nauru nepal netherlands nicaragua niger nigeria norway oman pakistan palau panama paraguay peru
philippines poland portugal qatar romania russia rwanda samoa scotland senegal serbia seychelles
singapore slovakia slovenia somalia spain sudan suriname sweden switzerland syria taiwan tajikistan
tanzania thailand togo tonga tunisia turkey turkmenistan tuvalu uganda uk ukraine uruguay usa
uzbekistan vanuatu venezuela vietnam wales yemen zambia zimbabwe
"""
_OF_SEVERAL_WORDS = """
bosnia and herzegovina, burkina faso, cape verde, costa rica, czech republic, dominican republic,
east timor, el salvador, equatorial guinea, ivory coast, new zealand, north korea,
north macedonia, northern ireland, papua new guinea, san marino, saudi arabia, sierra leone,
south africa, south korea, south sudan, sri lanka, trinidad and tobago, u.s.a, united arab emirates,
united kingdom, united states, united states of america, vatican city, new hampshire, new jersey,
new mexico, new york, north carolina, north dakota, rhode island, south carolina, south dakota,
west virginia
"""
_STATES = """
alabama alaska arizona arkansas california colorado connecticut delaware florida hawaii idaho
illinois indiana iowa kansas kentucky louisiana maine maryland massachusetts michigan minnesota
mississippi missouri montana nebraska nevada ohio oklahoma oregon pennsylvania tennessee texas utah
vermont virginia washington wisconsin wyoming
"""
_NAMES = frozenset(
    [*_COUNTRIES.split(), *_STATES.split()]
    + [" ".join(name.split()) for name in _OF_SEVERAL_WORDS.split(",")]
)


def is_country_or_state(name: str) -> bool:
    """`name` in lower case, with or without its article."""
    return name.removeprefix("the ") in _NAMES
