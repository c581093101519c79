/** The module that is edited: the test writes it, each time with another mark. */
