package bridge

// LookUp is lookUp for the tests.
var LookUp = (*Bridge).lookUp
