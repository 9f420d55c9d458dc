"""A text in the two languages of the house; rules speak both at once, whoever shows it chooses."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Text(BaseModel):
    """The same words in French and in English."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    fr: str = Field(min_length=1, max_length=20_000)
    en: str = Field(min_length=1, max_length=20_000)

    @model_validator(mode="before")
    @classmethod
    def _same_in_both(cls, value: object) -> object:
        """A bare string is the same in both languages (a name, what somebody typed)."""
        return {"fr": value, "en": value} if isinstance(value, str) else value

    def said(self, language: str) -> str:
        return self.fr if language.startswith("fr") else self.en


def fill(text: Text, **words: Text | str) -> Text:
    """The text with `{name}` filled in each language by its own words."""

    def of(language: str) -> dict[str, str]:
        return {name: word.said(language) if isinstance(word, Text) else word for name, word in words.items()}

    return Text(fr=text.fr.format(**of("fr")), en=text.en.format(**of("en")))


def joined(texts: list[Text], *, fr: str, en: str) -> Text:
    """Several texts in a row with a word between."""
    return Text(fr=fr.join(t.fr for t in texts), en=en.join(t.en for t in texts))
