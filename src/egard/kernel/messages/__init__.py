"""Messages on their way out: written with what they follow from, sent once by a job (see operations).

Conversations (threads, what comes in, quiet hours) are to come; they will send through this.
"""
