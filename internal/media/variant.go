package media

// SquareName is the variant cut to a square at the focal point.
const SquareName = "square"
