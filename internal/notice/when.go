package notice

// Notify is one address that is told that something came, and never what: soon, or once a day. Whoever is to get both
// is there twice.
type Notify struct {
	Email  string
	When   Window  // of notices soon after something came
	Digest *Minute // once a day at that time, with the numbers of what came; nil: soon after it came
}

// Window is when notices may go out, in the clinic's zone. The zero Window is always.
type Window struct {
	Days     [7]bool // by time.Weekday; none set: every day
	From, To Minute  // both 0: all day; To is after From
}

// Minute is a time of day: minutes since midnight, up to 1440.
type Minute int
