package notice

// Receipt is what a visitor gets: the reference and the clinic's own fixed words. The subject names neither the clinic
// nor what the visitor came for.
func Receipt(clinic, reference, fixed string) Letter {
	said := []string{"We have received what you sent us. Your reference is " + plainReference(reference) + "."}
	if fixed != "" {
		said = append(said, fixed)
	}
	said = append(said, "Nothing that you wrote is in this mail: it is kept sealed.",
		"Please do not answer this mail: an answer would travel unsealed. To add something, use the form again.",
		"If you did not write to us, somebody typed your address by mistake; please throw this mail away.")
	if clinic = oneLine(clinic); clinic != "" {
		said = append(said, clinic)
	}
	return letter("Your reference "+plainReference(reference), paragraphs(said...))
}
