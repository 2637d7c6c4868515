"""A live service over scripted experts, its Redis in memory: what opens and closes is counted."""

from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from api.knowledge import Knowledge, subject
from api.roster.errors import RosterAway, Taken
from api.roster.live import Live, Workshop
from api.running import Running
from api.settings import Settings
from experts.errors import RegistryError
from experts.scripted import ScriptedExpert
from orchestrator.lessons import UNTAUGHT
from orchestrator.panel import Panel
from orchestrator.service import Service
from routing.affinity import Affinity
from routing.codebook import Codebook
from routing.evidence import Evidence
from routing.router import Router
from routing.skills import NearestSkills
from tests.encoders import BagOfWords
from tests.routes import NoSkills


def scripted(default="The answer is 4.", **more):
    return {"kind": "scripted", "default": default, **more}


def settings(experts=None, **sections):
    cards = experts or {"ada": scripted(), "ben": scripted("The answer is 5.")}
    return Settings.model_validate({"experts": cards, **sections})


async def nothing_known():
    nobody = Evidence.none(())
    codes = Codebook.of(await BagOfWords().encode(["nothing"]), ["any"])
    return Knowledge(nobody, Affinity.none(()), NearestSkills(BagOfWords(), codes), UNTAUGHT)


@dataclass
class Roster:
    """Posted cards, shared by those who have it, for as long as it is `there`."""

    posted: dict = field(default_factory=dict)
    at: int = 0
    there: bool = True

    async def add(self, posted):
        self._reached()
        if posted.name in self.posted:
            raise Taken(posted.name)
        self.posted[posted.name] = posted
        self.at += 1

    async def remove(self, name):
        self._reached()
        self.at += 1
        return self.posted.pop(name, None) is not None

    async def all(self):
        self._reached()
        return sorted(self.posted.values(), key=lambda posted: posted.at)

    async def version(self):
        self._reached()
        return self.at

    def _reached(self):
        if not self.there:
            raise RosterAway


@dataclass
class Shop:
    """Opens scripted experts, and remembers which are open."""

    open: list = field(default_factory=list)  # experts, in the order they were opened
    learned: int = 0
    delay: float = 0.0
    refuses: str = ""  # an expert that cannot be opened

    @asynccontextmanager
    async def opened(self, cards):
        if self.refuses in cards:
            raise RegistryError(f"experts.{self.refuses}: cannot be")
        experts = {
            name: ScriptedExpert(name, card.replies, card.default, card.delay)
            for name, card in cards.items()
        }
        self.open += experts.values()
        try:
            yield experts
        finally:
            self.open = [expert for expert in self.open if expert not in experts.values()]

    async def learn(self, _settings):
        self.learned += 1
        return await nothing_known()

    async def assembled(self, wanted, experts, knowledge):
        names = tuple(wanted.panellists)
        router = Router(names, NoSkills(), knowledge.evidence)
        panel = Panel({name: experts[name] for name in names})

        async def ready():
            return []

        return Running(Service(panel, router), ready)

    def workshop(self):
        return Workshop(self.opened, self.learn, self.assembled)

    @property
    def names(self):
        return sorted(expert.name for expert in self.open)


@asynccontextmanager
async def live(shop, file=None, roster=None, **options):
    """A service that runs until the context ends."""
    file = file or settings()
    roster = roster or Roster()
    options = {"grace": 0.0, **options}
    made = Live(shop.workshop(), roster, file, await nothing_known(), subject(file), **options)
    await made.start({})
    try:
        yield made
    finally:
        await made.close()
