// Loaded before any run begins. The SDK takes the stack of every promise that workflow code makes, frame by frame through
// the source map: with ten frames that is a tenth of what a run costs. Three still name where an error was made.
Error.stackTraceLimit = 3;
