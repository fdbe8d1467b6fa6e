// The engine's own worker on a graphics card that fails.
import './faults';
import '../../../src/models/engine.worker';
