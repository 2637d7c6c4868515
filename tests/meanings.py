"""Prose answers by meaning: each question has groups of answers, a group's answers say the same.

Two answers of one group are a pair that means the same; two of different groups do not. The
groups that differ do so the way replies do: another name, number, direction, cause, or a not.
The questions take turns: those in even places may choose a threshold, the others report on it.
"""

from itertools import combinations, product

Meanings = tuple[tuple[str, ...], ...]

QUESTIONS: dict[str, Meanings] = {
    "Why is the sky blue?": (
        (
            "The sky is blue because air scatters blue light more than red light.",
            "Blue light is scattered more strongly than red by the air, so the sky looks blue.",
            "Because molecules in the atmosphere scatter short blue wavelengths the most.",
        ),
        ("The sky is blue because it reflects the colour of the oceans below.",),
        ("The sky is blue because air absorbs blue light more than red light.",),
        ("The sky is not blue at all; it only seems so to our brains.",),
    ),
    "What causes the seasons?": (
        (
            "The seasons are caused by the tilt of the Earth's axis.",
            "Earth's tilted axis is what gives us the seasons.",
            "Seasons happen because the axis of the Earth is tilted.",
        ),
        (
            "The seasons are caused by the changing distance between the Earth and the Sun.",
            "We have seasons because the Earth is sometimes near the Sun and sometimes far.",
        ),
        ("The seasons are not caused by the tilt of the Earth's axis.",),
    ),
    "What happens to demand when the price rises?": (
        (
            "When the price rises, the quantity demanded falls.",
            "A higher price leads to a lower quantity demanded.",
            "Consumers buy less of the good when it becomes more expensive.",
        ),
        (
            "When the price rises, the quantity demanded rises as well.",
            "A higher price leads to a higher quantity demanded.",
        ),
        ("The quantity demanded does not change when the price rises.",),
    ),
    "Who discovered penicillin?": (
        (
            "Penicillin was discovered by Alexander Fleming in his laboratory.",
            "Alexander Fleming was the one who discovered penicillin.",
            "It was Alexander Fleming who discovered penicillin.",
        ),
        (
            "Penicillin was discovered by Louis Pasteur in his laboratory.",
            "Louis Pasteur was the one who discovered penicillin.",
        ),
        ("Howard Florey discovered penicillin before anybody else did.",),
    ),
    "When did the war end?": (
        ("The war ended in the year 1945.", "It was in 1945 that the war ended."),
        ("The war ended in the year 1944.", "It was in 1944 that the war ended."),
        ("The war ended in the spring after the great frost.",),
    ),
    "Is the contract enforceable?": (
        (
            "Yes, the contract is enforceable because there was consideration.",
            "The contract can be enforced, since consideration was given.",
        ),
        (
            "No, the contract is not enforceable because there was no consideration.",
            "The contract cannot be enforced, as consideration is lacking.",
        ),
        ("The contract is enforceable because it was made in writing.",),
    ),
    "How do vaccines work?": (
        (
            "Vaccines train the immune system to recognise a pathogen.",
            "A vaccine teaches the immune system to recognise a germ before it attacks.",
            "They prepare the immune system so that it recognises the pathogen later.",
        ),
        ("Vaccines kill the pathogen directly in the blood.",),
        ("Vaccines weaken the immune system so that it ignores a pathogen.",),
    ),
    "Why do metals conduct electricity?": (
        (
            "Metals conduct electricity because their electrons can move freely.",
            "In metals the electrons are free to move, which lets current flow.",
            "Free electrons in the metal carry the electric current.",
        ),
        ("Metals conduct electricity because their nuclei can move freely.",),
        ("Metals conduct electricity because their electrons cannot move freely.",),
        ("Metals conduct electricity because they are shiny and heavy.",),
    ),
    "What should the company do?": (
        (
            "The company should lower its prices to win customers.",
            "To win customers, the firm ought to cut its prices.",
            "I would advise the company to reduce prices in order to attract customers.",
        ),
        (
            "The company should raise its prices to improve its margins.",
            "The firm ought to increase prices so that margins improve.",
        ),
        ("The company should advertise more to win customers.",),
        ("The company should not lower its prices to win customers.",),
    ),
    "How long does the trip take?": (
        ("The trip takes about 3 hours by train.", "By train it is a trip of about three hours."),
        ("The trip takes about 5 hours by train.",),
        ("The trip takes about 3 days by train.",),
        ("The trip takes about 3 hours by car.",),
    ),
    "What does the mitochondrion do?": (
        (
            "The mitochondrion produces most of the energy of the cell.",
            "Mitochondria generate most of the cell's energy.",
            "It is the part of the cell that makes most of its energy.",
        ),
        ("The mitochondrion stores the genetic information of the cell.",),
        ("The mitochondrion consumes most of the energy of the cell.",),
        ("Ribosomes produce most of the proteins of the cell.",),
    ),
    "Which way does heat flow?": (
        (
            "Heat flows from the hot body to the cold body.",
            "Heat always moves from hotter objects to colder ones.",
        ),
        (
            "Heat flows from the cold body to the hot body.",
            "Heat always moves from colder objects to hotter ones.",
        ),
        ("Heat does not flow between the bodies at all.",),
    ),
    "What is the moral of the story?": (
        (
            "The moral is that slow and steady work wins in the end.",
            "The story teaches that patient, steady effort wins in the end.",
            "In the end, being slow but steady is what wins.",
        ),
        ("The moral is that one should never trust a stranger.",),
        ("The moral is that talent matters more than effort.",),
    ),
    "Who wrote the letter?": (
        ("The letter was written by Anna to her brother.", "Anna wrote the letter to her brother."),
        (
            "The letter was written by Maria to her brother.",
            "Maria wrote the letter to her brother.",
        ),
        ("The letter was written by Anna to her father.",),
        ("Her brother wrote the letter to Anna.",),
    ),
    "What is inertia?": (
        (
            "Inertia is the tendency of a body to keep its state of motion.",
            "It is the tendency of an object to resist changes in its motion.",
            "Inertia means that a body resists any change of its motion.",
        ),
        ("Inertia is the force that pulls a body towards the Earth.",),
        ("Inertia is the energy that a body has because of its motion.",),
    ),
    "Why did the empire fall?": (
        (
            "The empire fell because its army had grown too weak.",
            "It was the weakness of its army that made the empire fall.",
        ),
        ("The empire fell because its army had grown too strong.",),
        (
            "The empire fell because its economy collapsed.",
            "An economic collapse brought the empire down.",
        ),
        ("The empire fell because its rulers fought one another.",),
    ),
    "How does the patient feel now?": (
        (
            "The patient feels much better than yesterday.",
            "Compared to yesterday, the patient is feeling a lot better.",
        ),
        (
            "The patient feels much worse than yesterday.",
            "Compared to yesterday, the patient is feeling a lot worse.",
        ),
        ("The patient feels no better than yesterday.",),
    ),
    "What did the study find?": (
        (
            "The study found that coffee increases the risk of insomnia.",
            "According to the study, drinking coffee raises the risk of insomnia.",
        ),
        (
            "The study found that coffee decreases the risk of insomnia.",
            "According to the study, drinking coffee lowers the risk of insomnia.",
        ),
        ("The study found no link between coffee and insomnia.",),
        ("The study found that tea increases the risk of insomnia.",),
    ),
    "Where is the treasure?": (
        (
            "The treasure is buried under the old oak behind the church.",
            "They buried the treasure behind the church, beneath the old oak.",
        ),
        ("The treasure is buried under the old oak in front of the church.",),
        ("The treasure is hidden in the cellar of the castle.",),
        ("The treasure is buried under the old bridge behind the mill.",),
    ),
    "How should the dough be treated?": (
        (
            "Let the dough rest in the fridge overnight before baking.",
            "Before you bake it, leave the dough in the refrigerator overnight.",
        ),
        ("Bake the dough right away without letting it rest.",),
        ("Let the dough rest in the fridge overnight after baking.",),
        ("Knead the dough for a long time before baking.",),
    ),
    "What is a recession?": (
        (
            "A recession is a period in which economic activity shrinks.",
            "It is a time during which the economy contracts.",
            "A recession is when the economy shrinks for a while.",
        ),
        ("A recession is a period in which economic activity grows.",),
        ("A recession is a period in which prices rise quickly.",),
    ),
    "Who won the match?": (
        (
            "Brazil won the match against Argentina.",
            "The match against Argentina was won by Brazil.",
        ),
        (
            "Argentina won the match against Brazil.",
            "The match against Brazil was won by Argentina.",
        ),
        ("Brazil won the match against Uruguay.",),
        ("Nobody won, for the match against Argentina was called off.",),
    ),
    "What makes bread rise?": (
        (
            "Yeast makes bread rise by giving off carbon dioxide.",
            "Bread rises because the yeast in it releases carbon dioxide.",
        ),
        ("Yeast makes bread rise by giving off oxygen.",),
        ("Bread rises because the water in it turns into steam.",),
        ("Salt makes bread rise by giving off carbon dioxide.",),
    ),
    "What is the function's behaviour?": (
        (
            "The function is increasing on the whole real line.",
            "On the entire real line the function increases.",
        ),
        (
            "The function is decreasing on the whole real line.",
            "On the entire real line the function decreases.",
        ),
        ("The function is bounded on the whole real line.",),
        ("The function is unbounded on the whole real line.",),
    ),
    "What does the statute require?": (
        (
            "The statute requires a written notice before eviction.",
            "Under the statute, a tenant must get written notice before being evicted.",
        ),
        ("The statute requires an oral notice before eviction.",),
        ("The statute forbids any eviction during the winter.",),
        ("The statute does not require any notice before eviction.",),
    ),
    "Why is the plant dying?": (
        (
            "The plant is dying because it gets too much water.",
            "It is dying from being watered too much.",
            "Overwatering is what is killing the plant.",
        ),
        ("The plant is dying because it gets too little water.",),
        ("The plant is dying because it gets too much sun.",),
    ),
    "What did the author mean?": (
        (
            "The author meant that freedom has to be defended by everyone.",
            "What the author wanted to say is that everybody must defend freedom.",
        ),
        ("The author meant that freedom cannot be defended by anyone.",),
        ("The author meant that freedom is an illusion.",),
    ),
    "How are the two variables related?": (
        (
            "The two variables are positively correlated.",
            "There is a positive correlation between the two variables.",
        ),
        (
            "The two variables are negatively correlated.",
            "There is a negative correlation between the two variables.",
        ),
        ("The two variables are uncorrelated with each other.",),
    ),
    "What is the best first step?": (
        (
            "The best first step is to back up all of your data.",
            "Before anything else, make a backup of all your data.",
            "Start by making a backup of your data.",
        ),
        ("The best first step is to delete all of your data.",),
        ("The best first step is to restart the computer.",),
    ),
    "Who is responsible for the accident?": (
        (
            "The driver of the truck is responsible for the accident.",
            "Responsibility for the accident lies with the truck driver.",
        ),
        ("The driver of the car is responsible for the accident.",),
        ("The owner of the truck is responsible for the accident.",),
        ("The driver of the truck is not responsible for the accident.",),
    ),
}

# The same at the length of a paragraph, where every text has words of its own.
PARAGRAPHS: dict[str, Meanings] = {
    "Why does ice float?": (
        (
            "Ice floats because it is less dense than liquid water. When water freezes, its "
            "molecules arrange themselves in an open crystal held by hydrogen bonds, which "
            "takes up more room than the liquid did. The same mass in a larger volume is "
            "lighter, so it floats.",
            "Frozen water is less dense than the liquid, and that is why it floats. On "
            "freezing, hydrogen bonds lock the molecules into an open lattice that needs more "
            "space than the liquid. A larger volume for the same mass means a lower density, "
            "hence ice floats.",
        ),
        (
            "Ice floats because air is trapped in it while it freezes. Bubbles of air are "
            "lighter than water and lift the block, much as a life vest lifts a swimmer. Ice "
            "that is frozen slowly, so that the air can escape, would therefore sink to the "
            "bottom.",
        ),
        (
            "Ice floats because it is colder than the water around it. Cold things push warm "
            "water downwards, and the water pushes back from below. As soon as the ice has the "
            "temperature of the water, the push ends and it melts away at the surface.",
        ),
    ),
    "Should the city build a tram?": (
        (
            "The city should build the tram. It would carry far more people than buses on the "
            "same street, run on clean electricity, and draw shops and homes to its stops. The "
            "cost is high at first, but over decades the tram is cheaper than the buses it "
            "replaces.",
            "I would build the tram. Compared to buses on the same street it carries many more "
            "people, uses clean electricity, and attracts homes and shops along the line. "
            "Although it costs a lot at first, over the decades it works out cheaper than "
            "running buses.",
        ),
        (
            "The city should keep its buses. They go where people need them, a new line takes a "
            "week to set up, and electric models are already clean. The tram costs a lot at "
            "first and the money would be better spent on running more buses in the evening.",
        ),
        (
            "The city should build a subway. It would carry far more people than trams or "
            "buses, run on clean electricity, and leave the streets to cyclists. The cost is "
            "high at first, but over decades the subway pays for itself by the growth that it "
            "brings.",
        ),
    ),
    "Why did the bridge collapse?": (
        (
            "The bridge collapsed because the wind made it swing at its natural frequency. Each "
            "gust added to the motion until the deck twisted and the cables tore. Stiffer "
            "girders would have moved the frequency away from that of the wind and saved the "
            "bridge.",
            "It was resonance that brought the bridge down: the wind drove it at its natural "
            "frequency, every gust adding to the swing, until the deck twisted and the cables "
            "tore. With stiffer girders the frequency would have been another one and the "
            "bridge saved.",
        ),
        (
            "The bridge collapsed because its cables had rusted. Salt from the sea had eaten "
            "through the paint for years, and inspections had been put off to save money. On "
            "the day itself an ordinary load of lorries was enough to tear the first cable and "
            "then the rest.",
        ),
        (
            "The bridge collapsed because it was overloaded. A convoy of lorries stopped in the "
            "middle of the deck, which had been built for lighter traffic, and the girders gave "
            "way. The wind on that day was strong, but it had nothing to do with the accident.",
        ),
    ),
    "How should one learn a language?": (
        (
            "The best way to learn a language is to use it every day. Speak with natives, make "
            "mistakes and have them corrected, and read what interests you. Grammar books help "
            "later, when you want to understand why a sentence that you have heard is built as "
            "it is.",
            "Use the language every day: that is the best way to learn it. Talk to native "
            "speakers, make mistakes, let them correct you, and read things that interest you. "
            "Grammar books are helpful later, once you wonder why the sentences you have heard "
            "are built so.",
        ),
        (
            "The best way to learn a language is to begin with its grammar. Learn the rules and "
            "the forms by heart, do exercises every day, and only then speak with natives. "
            "Whoever speaks too early gets used to mistakes that are hard to correct later.",
        ),
        (
            "The best way to learn a language is to learn its words. With the two thousand most "
            "common words you understand most of what is said, and grammar comes by itself. Use "
            "cards, repeat them every day, and read what interests you as soon as you can.",
        ),
    ),
}

# Written later: they showed that "failed" is no "not", which was then corrected.
LATER: dict[str, Meanings] = {
    "Why do leaves change colour?": (
        (
            "Leaves change colour because their chlorophyll breaks down in autumn.",
            "In autumn the chlorophyll breaks down, so the leaves change colour.",
            "The green fades as chlorophyll decays, and other pigments show through.",
        ),
        ("Leaves change colour because their chlorophyll builds up in autumn.",),
        ("Leaves change colour because frost damages them in autumn.",),
    ),
    "Who painted the ceiling?": (
        (
            "The ceiling was painted by Michelangelo between 1508 and 1512.",
            "Michelangelo painted the ceiling between 1508 and 1512.",
        ),
        ("The ceiling was painted by Raphael between 1508 and 1512.",),
        ("Michelangelo painted the ceiling between 1518 and 1522.",),
        ("The ceiling was not painted by Michelangelo between 1508 and 1512.",),
    ),
    "What does the court hold?": (
        (
            "The court holds that the defendant owed the plaintiff a duty of care.",
            "According to the court, the defendant owed a duty of care to the plaintiff.",
        ),
        ("The court holds that the plaintiff owed the defendant a duty of care.",),
        ("The court holds that the defendant owed the plaintiff no duty of care.",),
        ("The court holds that the defendant had paid the plaintiff in full.",),
    ),
    "How do bats find their prey?": (
        (
            "Bats find their prey by listening to the echoes of their calls.",
            "By listening to the echoes of their calls, bats find their prey.",
            "They send out sounds and locate insects from the echo.",
        ),
        ("Bats find their prey by following the smell of insects.",),
        ("Bats find their prey by watching the shadows of insects.",),
    ),
    "What will happen to the glacier?": (
        (
            "The glacier will melt completely within the next 50 years.",
            "Within the next 50 years the glacier will have melted completely.",
        ),
        ("The glacier will melt completely within the next 500 years.",),
        ("The glacier will grow considerably within the next 50 years.",),
        ("The glacier will never melt completely.",),
    ),
    "Why did the experiment fail?": (
        (
            "The experiment failed because the samples were contaminated.",
            "Contaminated samples made the experiment fail.",
            "It failed due to contamination of the samples.",
        ),
        ("The experiment failed because the samples were too small.",),
        ("The experiment failed because the thermometer was broken.",),
        ("The experiment did not fail, although the samples were contaminated.",),
    ),
    "Which river is longer?": (
        ("The Nile is longer than the Amazon.", "The Nile is a longer river than the Amazon."),
        ("The Amazon is longer than the Nile.", "The Amazon is a longer river than the Nile."),
        ("Both of the rivers are equally long.",),
    ),
    "What should the patient take?": (
        (
            "The patient should take the tablets twice a day after meals.",
            "After meals, twice a day, the patient should take the tablets.",
        ),
        ("The patient should take the tablets twice a day before meals.",),
        ("The patient should take the tablets three times a day after meals.",),
        ("The patient should take the syrup twice a day after meals.",),
    ),
}

# Written last, and not used to change anything.
UNSEEN: dict[str, Meanings] = {
    "Why do we yawn?": (
        (
            "We yawn because it cools the brain when it gets too warm.",
            "Yawning cools the brain when it gets too warm.",
            "When the brain gets too warm, yawning cools it.",
        ),
        ("We yawn because it warms the brain when it gets too cool.",),
        ("We yawn because we see other people yawn.",),
    ),
    "Who inherits the house?": (
        (
            "The house is inherited by the eldest daughter under the will.",
            "Under the will, the eldest daughter inherits the house.",
        ),
        ("The house is inherited by the eldest son under the will.",),
        ("Under the will, the youngest daughter inherits the house.",),
        ("The house is inherited by nobody under the will.",),
    ),
    "What did the minister announce?": (
        (
            "The minister announced that taxes will rise by 2% next year.",
            "Next year taxes will rise by 2%, the minister announced.",
        ),
        ("The minister announced that taxes will rise by 3% next year.",),
        ("The minister announced that taxes will fall by 2% next year.",),
        ("The minister announced that taxes will not rise next year.",),
    ),
    "Why is the sea salty?": (
        (
            "The sea is salty because rivers carry minerals into it.",
            "Rivers carry minerals into the sea, and so it is salty.",
            "The salt comes from rocks, washed out by rain and carried down by rivers.",
        ),
        ("The sea is salty because fish excrete minerals into it.",),
        ("The sea is salty because volcanoes on its floor give off minerals.",),
    ),
    "How does the method scale?": (
        (
            "The running time of the method grows linearly with the input.",
            "With the input, the running time of the method grows linearly.",
        ),
        ("The running time of the method grows quadratically with the input.",),
        ("The memory use of the method grows linearly with the input.",),
        ("The running time of the method does not grow with the input.",),
    ),
    "Is the bridge safe?": (
        (
            "No, the bridge is not safe for heavy lorries.",
            "The bridge is not safe for heavy lorries.",
        ),
        ("Yes, the bridge is safe for heavy lorries.",),
        ("The bridge is safe for cars alone.",),
    ),
}


def pairs(place: int, questions: dict[str, Meanings] = QUESTIONS) -> list[tuple[str, str, bool]]:
    """(one, other, whether they mean the same) of the questions in even (0) or odd (1) places."""
    found = []
    for groups in list(questions.values())[place::2]:
        found += [(a, b, True) for group in groups for a, b in combinations(group, 2)]
        for one, other in combinations(groups, 2):
            found += [(a, b, False) for a, b in product(one, other)]
    return found
