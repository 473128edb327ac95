/** Who the bot is. */
export const BOT = {
  userId: 'U0FIREBREAK',
  botId: 'B0FIREBREAK',
  appId: 'A0FIREBREAK',
  teamId: 'T0LAB',
} as const;
