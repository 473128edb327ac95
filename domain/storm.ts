/** One of the incidents that would have been opened, had not a storm incident collected its alerts. */
export interface StormSuspect {
  /** The model that the alerts select; null when they select none. */
  readonly model: string | null;
  /** What the route read as the suspect; null when it read nothing. */
  readonly suspect: string | null;
  /** Title of the first alert. */
  readonly title: string;
  readonly alertCount: number;
  /** When its first and its latest alert arrived, RFC 3339. */
  readonly firstAt: string;
  readonly lastAt: string;
}
