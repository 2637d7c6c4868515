"""Capitals, countries and continents."""

from random import Random

from experts.builtin.problems.base import Operands, Solution, Task

_BY_CONTINENT = {
    "Europe": """France Paris, Spain Madrid, Portugal Lisbon, Italy Rome, Germany Berlin,
        Austria Vienna, Switzerland Bern, Belgium Brussels, Denmark Copenhagen, Norway Oslo,
        Sweden Stockholm, Finland Helsinki, Iceland Reykjavik, Ireland Dublin, Poland Warsaw,
        Hungary Budapest, Romania Bucharest, Bulgaria Sofia, Greece Athens, Albania Tirana,
        Croatia Zagreb, Slovenia Ljubljana, Slovakia Bratislava, Serbia Belgrade,
        Estonia Tallinn, Latvia Riga, Lithuania Vilnius, Ukraine Kyiv, Malta Valletta""",
    "Asia": """Japan Tokyo, China Beijing, Mongolia Ulaanbaatar, Thailand Bangkok, Vietnam Hanoi,
        Laos Vientiane, Indonesia Jakarta, Bangladesh Dhaka, Nepal Kathmandu, Bhutan Thimphu,
        Pakistan Islamabad, Afghanistan Kabul, Iran Tehran, Iraq Baghdad, Jordan Amman,
        Lebanon Beirut, Syria Damascus, Qatar Doha, Oman Muscat, Uzbekistan Tashkent""",
    "Africa": """Egypt Cairo, Libya Tripoli, Tunisia Tunis, Algeria Algiers, Morocco Rabat,
        Senegal Dakar, Ghana Accra, Nigeria Abuja, Kenya Nairobi, Uganda Kampala, Rwanda Kigali,
        Sudan Khartoum, Zambia Lusaka, Zimbabwe Harare, Angola Luanda, Mozambique Maputo,
        Madagascar Antananarivo, Mali Bamako, Niger Niamey, Namibia Windhoek""",
    "North America": """Canada Ottawa, Cuba Havana, Jamaica Kingston, Honduras Tegucigalpa,
        Nicaragua Managua, Haiti Port-au-Prince""",
    "South America": """Brazil Brasilia, Peru Lima, Chile Santiago, Ecuador Quito, Colombia Bogota,
        Venezuela Caracas, Uruguay Montevideo, Paraguay Asuncion""",
    "Oceania": "Australia Canberra, Fiji Suva, Samoa Apia, Tonga Nukualofa",
}
COUNTRIES = tuple(
    (*entry.split(), continent)
    for continent, entries in _BY_CONTINENT.items()
    for entry in entries.split(",")
)


def _place(rng: Random) -> Operands:
    return rng.choice(COUNTRIES)


def _capital(operands: Operands) -> Solution:
    country, capital, _ = map(str, operands)
    steps = f"The capital of {country} is {capital}."
    return Solution({"country": country}, capital, steps)


def _country(operands: Operands) -> Solution:
    country, capital, _ = map(str, operands)
    steps = f"The capital {capital} is in {country}."
    return Solution({"capital": capital}, country, steps)


def _continent(operands: Operands) -> Solution:
    country, _, continent = map(str, operands)
    return Solution({"country": country}, continent, f"The country {country} is in {continent}.")


CAPITAL = Task(
    skill="geography",
    kind="capital",
    training=(
        "What is the capital of {country}?",
        "Which city is the capital of {country}?",
        "Name the capital of {country}.",
        "Tell me the capital city of {country}.",
        "What is the capital city of {country}?",
        "What city is the capital of {country}?",
        "{country} has which capital city?",
        "What is {country}'s capital?",
        "Give the capital of {country}.",
        "Do you know the capital of {country}?",
    ),
    held_out=(
        "Name the capital city of {country}.",
        "Which capital city does {country} have?",
        "Give me the name of the capital of {country}.",
        "Tell me which city is the capital of {country}.",
    ),
    draw=_place,
    solve=_capital,
    fact=True,
)

COUNTRY = Task(
    skill="geography",
    kind="country",
    training=(
        "{capital} is the capital of which country?",
        "Which country has the capital {capital}?",
        "What country is {capital} the capital of?",
        "Name the country whose capital is {capital}.",
        "Of which country is {capital} the capital?",
        "Which country's capital is {capital}?",
        "Tell me the country with the capital {capital}.",
        "{capital} is the capital city of what country?",
        "What is the country whose capital city is {capital}?",
        "Do you know which country has {capital} as its capital?",
    ),
    held_out=(
        "Which country has {capital} as its capital city?",
        "Tell me the country whose capital is {capital}.",
        "What country has the capital {capital}?",
        "{capital} is the capital city of which country?",
    ),
    draw=_place,
    solve=_country,
    fact=True,
)

CONTINENT = Task(
    skill="geography",
    kind="continent",
    training=(
        "On which continent is {country}?",
        "Which continent is {country} in?",
        "What continent is {country} on?",
        "Name the continent of {country}.",
        "{country} is on which continent?",
        "On what continent do you find {country}?",
        "In which continent is {country}?",
        "Tell me the continent where {country} is.",
        "Which continent does {country} belong to?",
        "What is the continent of {country}?",
    ),
    held_out=(
        "On which continent do you find {country}?",
        "What continent does {country} belong to?",
        "Tell me which continent {country} is in.",
        "Name the continent where {country} is.",
    ),
    draw=_place,
    solve=_continent,
    fact=True,
)

TASKS = (CAPITAL, COUNTRY, CONTINENT)
